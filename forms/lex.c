/* Tokens of the expression language: XPath 1.0 section 3.7, with its two rules that tell "*" and the
 * operator names from names by the token before. See ast.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "forms/ast.h"

bool
lex_error(struct lexer *x, size_t at, const char *fmt, ...)
{
	char what[300];
	va_list ap;

	if (x->failed)
		return false;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	err_set(x->err, ERR_INPUT, "at character %zu: %s", at + 1, what);
	x->failed = true;
	return false;
}

static bool
is_start(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool
is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_name(unsigned char c)
{
	return is_start(c) || is_digit(c) || c == '-' || c == '.';
}

static bool
is_blank(unsigned char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static unsigned char
peek(const struct lexer *x, size_t ahead)
{
	return x->at + ahead < x->len ? (unsigned char)x->text[x->at + ahead] : 0;
}

static size_t
skip_name(const struct lexer *x, size_t at)
{
	while (at < x->len && is_name((unsigned char)x->text[at]))
		at++;
	return at;
}

/* Is the next name an operator? (XPath 1.0, 3.7: there is a preceding token that is none of these.) */
static bool
operator_expected(const struct lexer *x)
{
	switch (x->previous) {
	case TOK_END: case TOK_AT: case TOK_AXIS: case TOK_LPAREN: case TOK_LBRACKET: case TOK_COMMA:
	case TOK_SLASH: case TOK_SLASHES: case TOK_OR: case TOK_AND: case TOK_EQ: case TOK_NE: case TOK_LT:
	case TOK_LE: case TOK_GT: case TOK_GE: case TOK_ADD: case TOK_SUB: case TOK_MUL: case TOK_DIV:
	case TOK_MOD: case TOK_UNION:
		return false;
	case TOK_NUMBER: case TOK_STRING: case TOK_NAME: case TOK_REF: case TOK_RPAREN: case TOK_RBRACKET:
	case TOK_DOT: case TOK_DOTDOT: case TOK_STAR:
		return true;
	}
	return false;
}

static bool
number(struct lexer *x)
{
	size_t at = x->at;

	while (at < x->len && is_digit((unsigned char)x->text[at]))
		at++;
	if (at < x->len && x->text[at] == '.')
		for (at++; at < x->len && is_digit((unsigned char)x->text[at]); )
			at++;
	/* Not XPath 1.0, but all engines read it in expressions. */
	if (at + 1 < x->len && (x->text[at] == 'e' || x->text[at] == 'E')) {
		size_t e = at + 1;

		if (e < x->len && (x->text[e] == '-' || x->text[e] == '+'))
			e++;
		if (e < x->len && is_digit((unsigned char)x->text[e])) {
			while (e < x->len && is_digit((unsigned char)x->text[e]))
				e++;
			at = e;
		}
	}
	if (!num_double(x->text + x->at, at - x->at, &x->number))
		return lex_error(x, x->at, "this number cannot be read");
	x->token = TOK_NUMBER;
	x->at = at;
	return true;
}

static bool
word(struct lexer *x)
{
	static const struct { const char *text; enum token token; } ops[] = {
		{ "or", TOK_OR }, { "and", TOK_AND }, { "div", TOK_DIV }, { "mod", TOK_MOD },
	};
	size_t end = skip_name(x, x->at), at;

	x->word = x->text + x->at;
	x->word_len = end - x->at;
	if (operator_expected(x)) {
		for (size_t i = 0; i < ARRAY_LEN(ops); i++)
			/* "1div2": no name can stand here, so a digit may follow at once */
			if (x->word_len >= strlen(ops[i].text)
			    && memcmp(x->word, ops[i].text, strlen(ops[i].text)) == 0 && (x->word_len == strlen(ops[i].text)
			    || is_digit((unsigned char)x->word[strlen(ops[i].text)]))) {
				x->token = ops[i].token;
				x->at += strlen(ops[i].text);
				return true;
			}
		for (size_t i = 0; i < ARRAY_LEN(ops); i++)
			if (x->word_len == strlen(ops[i].text) && strncasecmp(x->word, ops[i].text, x->word_len) == 0)
				return lex_error(x, x->at, "\"%.*s\" is no operator: write \"%s\" in small letters", (int)x->word_len, x->word,
				    ops[i].text);
		return lex_error(x, x->at, "\"%.*s\" is not expected here: an operator or the end is",
		    (int)(x->word_len > 60 ? 60 : x->word_len), x->word);
	}
	x->at = end;
	x->token = TOK_NAME;
	if (peek(x, 0) == ':' && peek(x, 1) != ':') {
		if (peek(x, 1) == '*') {
			x->at += 2;
		} else if (is_start(peek(x, 1))) {
			x->at = skip_name(x, x->at + 1);
		} else {
			return lex_error(x, x->at, "\":\" without a name after it");
		}
		x->word_len = x->at - x->start;
		return true;
	}
	for (at = x->at; at < x->len && is_blank((unsigned char)x->text[at]); )
		at++;
	if (at + 1 < x->len && x->text[at] == ':' && x->text[at + 1] == ':') {
		x->at = at + 2;
		x->token = TOK_AXIS;
	}
	return true;
}

static bool
quoted(struct lexer *x, char quote)
{
	const char *end = memchr(x->text + x->at + 1, quote, x->len - x->at - 1);

	if (end == NULL)
		return lex_error(x, x->at, "the text that begins with %c has no closing %c", quote, quote);
	x->word = x->text + x->at + 1;
	x->word_len = (size_t)(end - x->word);
	x->at = (size_t)(end - x->text) + 1;
	x->token = TOK_STRING;
	return true;
}

static bool
reference(struct lexer *x)
{
	const char *end = memchr(x->text + x->at, '}', x->len - x->at);

	if (!x->refs)
		return lex_error(x, x->at, "${..} is not possible in XForm XML: write the path");
	if (end == NULL)
		return lex_error(x, x->at, "\"${\" has no closing \"}\"");
	x->word = x->text + x->at + 2;
	x->word_len = (size_t)(end - x->word);
	while (x->word_len > 0 && is_blank((unsigned char)x->word[0])) {
		x->word++;
		x->word_len--;
	}
	while (x->word_len > 0 && is_blank((unsigned char)x->word[x->word_len - 1]))
		x->word_len--;
	if (x->word_len == 0)
		return lex_error(x, x->at, "\"${}\" has no name in it");
	x->at = (size_t)(end - x->text) + 1;
	x->token = TOK_REF;
	return true;
}

static bool
symbol(struct lexer *x, unsigned char c)
{
	unsigned n = 1;

	switch (c) {
	case '(': x->token = TOK_LPAREN; break;
	case ')': x->token = TOK_RPAREN; break;
	case '[': x->token = TOK_LBRACKET; break;
	case ']': x->token = TOK_RBRACKET; break;
	case ',': x->token = TOK_COMMA; break;
	case '@': x->token = TOK_AT; break;
	case '=':
		if (peek(x, 1) == '=')
			return lex_error(x, x->at, "\"==\" is no operator: write = once");
		x->token = TOK_EQ;
		break;
	case '+': x->token = TOK_ADD; break;
	case '-': x->token = TOK_SUB; break;
	case '|':
		if (peek(x, 1) == '|')
			return lex_error(x, x->at, "\"||\" is no operator: write \"or\"");
		x->token = TOK_UNION;
		break;
	case '*': x->token = operator_expected(x) ? TOK_MUL : TOK_STAR; break;
	case '/':
		n = peek(x, 1) == '/' ? 2 : 1;
		x->token = n == 2 ? TOK_SLASHES : TOK_SLASH;
		break;
	case '<':
		if (peek(x, 1) == '>')
			return lex_error(x, x->at, "\"<>\" is no operator: write !=");
		n = peek(x, 1) == '=' ? 2 : 1;
		x->token = n == 2 ? TOK_LE : TOK_LT;
		break;
	case '>':
		n = peek(x, 1) == '=' ? 2 : 1;
		x->token = n == 2 ? TOK_GE : TOK_GT;
		break;
	case '!':
		if (peek(x, 1) != '=')
			return lex_error(x, x->at, "\"!\" is no operator: write != or not(..)");
		n = 2;
		x->token = TOK_NE;
		break;
	case '.':
		n = peek(x, 1) == '.' ? 2 : 1;
		x->token = n == 2 ? TOK_DOTDOT : TOK_DOT;
		break;
	case '&':
		return lex_error(x, x->at, "\"&\" is no operator: write \"and\", or concat(..) to join texts");
	default:
		return lex_error(x, x->at, "the character \"%c\" (%u) is not part of the language",
		    c >= 0x20 && c < 0x7f ? c : '?', c);
	}
	x->at += n;
	return true;
}

bool
lex_next(struct lexer *x)
{
	unsigned char c;

	if (x->failed)
		return false;
	x->previous = x->token;
	while (x->at < x->len && is_blank((unsigned char)x->text[x->at]))
		x->at++;
	x->start = x->at;
	if (x->at >= x->len) {
		x->token = TOK_END;
		return true;
	}
	c = (unsigned char)x->text[x->at];
	if (is_digit(c) || (c == '.' && is_digit(peek(x, 1))))
		return number(x);
	if (c == '\'' || c == '"')
		return quoted(x, (char)c);
	if (c == '$' && peek(x, 1) == '{')
		return reference(x);
	if (is_start(c))
		return word(x);
	return symbol(x, c);
}

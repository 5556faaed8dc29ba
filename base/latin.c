/* Latin letters without their accents. See latin.h. */
#include "base/latin.h"

#include <ctype.h>
#include <string.h>

#include "base/attr.h"

char
latin_letter(const char *text, size_t len, size_t *bytes)
{
	static const struct { const char *accented; char plain; } letters[] = {
		{ "\u00e2\u00c2\u00e1\u00c1\u00e0\u00c0\u00e4\u00c4", 'a' },
		{ "\u00ea\u00ca\u00e9\u00c9\u00e8\u00c8\u00eb\u00cb", 'e' },
		{ "\u00ee\u00ce\u00ed\u00cd\u00ec\u00cc\u00ef\u00cf", 'i' },
		{ "\u00f4\u00d4\u00f3\u00d3\u00f2\u00d2\u00f6\u00d6", 'o' },
		{ "\u00fb\u00db\u00fa\u00da\u00f9\u00d9\u00fc\u00dc", 'u' },
		{ "\u0175\u0174", 'w' }, { "\u0177\u0176\u00fd\u00dd\u00ff\u0178", 'y' },
	};

	*bytes = 1;
	if (len == 0)
		return '\0';
	if (isalpha((unsigned char)text[0]))
		return (char)tolower((unsigned char)text[0]);
	for (size_t i = 0; len > 1 && i < ARRAY_LEN(letters); i++)
		for (const char *p = letters[i].accented; *p != '\0'; p += 2)
			if (memcmp(p, text, 2) == 0) {
				*bytes = 2;
				return letters[i].plain;
			}
	return '\0';
}

/* Does TEXT begin with PART? */
static bool
begins(const char *text, const char *part)
{
	while (*part != '\0') {
		size_t n, m;
		char a = latin_letter(text, strlen(text), &n), b = latin_letter(part, strlen(part), &m);

		if (*text == '\0' || a != b || (a == '\0' && *text != *part))
			return false;
		text += n;
		part += m;
	}
	return true;
}

bool
latin_holds(const char *text, const char *part)
{
	if (part[0] == '\0')
		return true;
	for (; *text != '\0'; text++)
		if (begins(text, part))
			return true;
	return false;
}

/* How voters' pages look and what they say: size of words, light or dark, Listen. A voter's own tablet keeps the choice
 * in a cookie that holds nothing else, for the length of a session; on one that is passed round it goes with the
 * ballot. See group_desk.h. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "kiosk/group_desk.h"
#include "kiosk/say.h"
#include "kiosk/templates.h"

enum { SIZES = 3, KEPT_S = 2 * 3600 };

struct group_look
group_look_get(const struct kiosk *k, const struct http_request *r, bool lan)
{
	const char *text = guard_cookie_get(k, r, "look", lan);
	struct group_look l = { .size = 0 };

	if (text != NULL && strlen(text) == 2 && text[0] >= '0' && text[0] < '0' + SIZES) {
		l.size = (unsigned)(text[0] - '0');
		l.is_dark = text[1] == '1';
	}
	return l;
}

bool
group_look_press(struct group_look *l, const char *go)
{
	if (strncmp(go, "size-", 5) == 0 && go[5] >= '0' && go[5] < '0' + SIZES && go[6] == '\0')
		l->size = (unsigned)(go[5] - '0');
	else if (strcmp(go, "dark-0") == 0 || strcmp(go, "dark-1") == 0)
		l->is_dark = go[5] == '1';
	else
		return false;
	return true;
}

bool
group_look_is_aid(const char *go)
{
	struct group_look l = { .size = 0 };

	return strcmp(go, "look") == 0 || strcmp(go, "seen") == 0 || strcmp(go, "listen") == 0 || strcmp(go, "hush") == 0
	    || group_look_press(&l, go);
}

void
group_look_keep(const struct kiosk *k, const struct group_look *l, bool lan, struct http_response *out)
{
	char text[3] = { (char)('0' + l->size % SIZES), l->is_dark ? '1' : '0', '\0' };

	guard_cookie_for(k, out, "look", text, lan, KEPT_S);
}

void
group_look_dress(const struct kiosk *k, const struct group_look *l, const char *sound, bool is_listening,
    struct arena *a, struct frame *f)
{
	static const char *const sizes[SIZES] = { "", " larger", " larger largest" };

	f->look = text_join(a, l->is_dark ? "dark" : "", sizes[l->size % SIZES], NULL);
	f->look = f->look == NULL ? "" : f->look;
	f->is_larger = l->size > 0;
	f->has_look_off = false;
	if (sound[0] == '\0' || !say_can(k, f->w))
		return;
	f->has_listen = true;
	f->is_listening = is_listening;
	f->audio = is_listening ? sound : "";
}

static void
row(struct group_view *v, struct arena *a, const char *label, const char *verb, unsigned on, const char *const *labels,
    size_t n)
{
	struct look_row_view *r = &v->looks[v->n_looks++];

	r->label = label;
	r->options = arena_calloc(a, n, sizeof(*r->options));
	for (size_t i = 0; r->options != NULL && i < n; i++)
		r->options[r->n_options++] = (struct option_view){ .go = text_of(a, "%s-%zu", verb, i), .label = labels[i],
		    .on = i == on };
}

void
group_look_page(struct kiosk *k, const struct words *w, const struct group_look *l, struct group_view *v,
    struct http_response *out)
{
	const char *const sizes[SIZES] = { w->look_size_1, w->look_size_2, w->look_size_3 };
	const char *const colours[] = { w->look_light, w->look_dark };
	const char *token = v->f.token;

	v->looks = arena_calloc(out->arena, 2, sizeof(*v->looks));
	if (v->looks == NULL) {
		http_plain(out, 503, "Out of memory. Please try again.\n");
		return;
	}
	/* The error, if any, comes again with the page under this one. */
	v->error = "";
	v->n_acts = 0;
	group_frame(k, w, v, w->look_title, "seen", w->continue_);
	v->f.token = token;
	group_look_dress(k, l, "", false, out->arena, &v->f);
	v->f.has_back = false;
	v->f.has_look_off = true;
	row(v, out->arena, w->look_size, "size", l->size, sizes, SIZES);
	row(v, out->arena, w->look_colour, "dark", l->is_dark, colours, ARRAY_LEN(colours));
	page_kiosk_group_look(&out->body, v);
}

static void
add(const char *text, bool is_own, struct arena *a, struct say_list *list)
{
	char *copy;

	if (list == NULL || text[0] == '\0' || list->n == SAY_PIECES)
		return;
	copy = arena_str(a, text);
	if (copy != NULL)
		list->piece[list->n++] = (struct say_piece){ .text = copy, .is_own = is_own };
}

void
group_say(const char *text, struct arena *a, struct say_list *list)
{
	add(text, false, a, list);
}

void
group_say_ballot(const struct words *w, const struct group_poll *p, const char *error, struct arena *a,
    struct say_list *list)
{
	struct group_view v = { .at = "" };

	group_fill_ballot(w, a, p, 0, &v);
	group_say(error, a, list);
	add(v.heading, true, a, list);
	group_say(v.lead, a, list);
	for (size_t i = 0; i < v.n_options; i++)
		add(v.options[i].label, true, a, list);
}

void
group_look_say(struct kiosk *k, const struct words *w, const struct say_list *list, struct http_response *out)
{
	struct say_how how = { .program = k->conf->voice, .media = k->media_folder, .cache = k->speech_folder,
	    .voice = w->voice, .speed = 1, .volume = k->visits.volume };
	struct err err;

	if (list == NULL || list->n == 0 || !say_can(k, w)) {
		http_plain(out, 404, "There is nothing to hear here.\n");
		return;
	}
	pthread_mutex_unlock(&k->lock);
	out->type = "audio/wav";
	if (say_list(&how, list, &out->body, &err) != ERR_OK) {
		log_event("kiosk", "speech=failed");
		http_plain(out, 503, "No sound could be made.\n");
	}
	pthread_mutex_lock(&k->lock);
}

void
group_look_sound(struct kiosk *k, const struct group_desk *d, struct http_response *out)
{
	const struct words *w = d->w;
	const struct group_poll *p = d->poll < k->group->g->n_polls ? &k->group->g->polls[d->poll] : NULL;
	struct say_list *list = arena_calloc(out->arena, 1, sizeof(*list));

	if (p == NULL || !p->is_open) {
		group_say(w->g_vote_over, out->arena, list);
		group_say(w->g_vote_over_text, out->arena, list);
	} else if (d->has_ballot) {
		group_say_ballot(w, p, d->error == NULL ? "" : d->error, out->arena, list);
	} else {
		group_say(w->g_pass_title, out->arena, list);
		group_say(w->g_pass_text, out->arena, list);
	}
	group_look_say(k, w, list, out);
}

/* Admission: what is refused because it would expose people, or cannot run exactly here (forms.md 1.5). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "forms/load.h"

static void
binds(struct loader *l)
{
	static const char *const personal[] = { "username", "email", "phonenumber", "phone number", "uri:username",
	    "uri:email", "uri:phonenumber" };
	static const char *const never[] = { "simserial", "subscriberid", "imei", "sim id", "uri:simserial", "uri:subscriberid" };

	for (xmlNode *b = l->model->children; b != NULL; b = b->next) {
		const char *preload, *params, *type, *tracks;

		if (!load_is(b, "bind"))
			continue;
		preload = load_attr(l, b, "preload", NS_JR);
		params = load_attr(l, b, "preloadParams", NS_JR);
		type = load_attr(l, b, "type", NULL);
		for (size_t i = 0; preload != NULL && params != NULL && i < ARRAY_LEN(never); i++)
			if (strcmp(params, never[i]) == 0)
				load_error(l, b, "%s names the device's owner: it is never collected", params);
		if (type != NULL && (strcmp(type, "geotrace") == 0 || strcmp(type, "geoshape") == 0))
			load_error(l, b, "the type %s is not supported", type);
		if (!l->anonymous)
			continue;
		for (size_t i = 0; preload != NULL && params != NULL && i < ARRAY_LEN(personal); i++)
			if (strcmp(params, personal[i]) == 0)
				load_error(l, b, "an anonymous form may not hold %s (kiosk::anonymous = no allows it)", params);
		if (type != NULL && strcmp(type, "geopoint") == 0)
			load_error(l, b, "an anonymous form may not hold a place (kiosk::anonymous = no allows it)");
		tracks = load_attr(l, b, "track-changes", NS_ODK);
		if (tracks != NULL && strcmp(tracks, "true") == 0)
			load_error(l, b, "an anonymous form may not keep answers that were taken back (track-changes)");
		if (load_attr(l, b, "identify-user", NS_ODK) != NULL || load_attr(l, b, "location-priority", NS_ODK) != NULL)
			load_error(l, b, "an anonymous form may not identify people or places in its audit");
	}
}

static void
names(struct loader *l)
{
	static const char *const taken[] = { "_site", "_day", "_mode", "_form", "_variant", "_language", "_role", "_answered_by" };
	struct form *f = l->f;
	uint32_t name = names_find(&f->names, "instanceName", 12, "");

	for (uint32_t i = 1; i < f->n_nodes; i++)
		for (size_t k = 0; k < ARRAY_LEN(taken); k++)
			if (strcmp(form_node_name(f, i), taken[k]) == 0)
				load_error(l, l->bind_xml[i], "the name %s is taken: choose another", taken[k]);
	if (l->anonymous && f->meta != NO_NODE && name != 0 && form_child(f, f->meta, name, false) != NO_NODE)
		load_error(l, l->instance, "an anonymous form may not have instance_name: it prints answers in lists");
}

const char *
form_appearance_refused(const char *appearance, char word[32])
{
	static const char unseen[] = "cannot be answered without seeing", program[] = "starts another program",
	    camera[] = "takes a picture", calendar[] = "is a calendar that is not offered: dates are asked in the Gregorian one";
	static const struct { const char *word, *why; } refused[] = {
		{ "maps", unseen }, { "placement-map", unseen }, { "map", unseen }, { "image-map", unseen }, { "signature", unseen },
		{ "draw", unseen }, { "annotate", unseen }, { "new", camera }, { "new-front", camera }, { "selfie", camera },
		{ "printer", program }, { "printer:", program }, { "ex:", program },
		{ "search(", "looks into a file of an old kind" }, { "ethiopian", calendar }, { "coptic", calendar },
		{ "islamic", calendar }, { "bikram-sambat", calendar }, { "myanmar", calendar }, { "persian", calendar },
		{ "buddhist", calendar },
	};

	for (const char *p = appearance; *p != '\0'; ) {
		size_t n = strcspn(p, " ");

		for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
			const char *w = refused[i].word;
			size_t len = strlen(w);
			bool begins = strchr(":(", w[len - 1]) != NULL;

			if ((begins ? n >= len : n == len) && strncmp(p, w, len) == 0) {
				snprintf(word, 32, "%.*s", (int)(n < 31 ? n : 31), p);
				return refused[i].why;
			}
		}
		p += n;
		p += strspn(p, " ");
	}
	return NULL;
}

static void
bodies(struct loader *l)
{
	struct form *f = l->f;

	for (uint32_t i = 0; i < f->n_bodies; i++) {
		const struct body *b = &f->bodies[i];
		const xmlNode *e = l->body_xml[i];
		char word[32];
		const char *why = form_appearance_refused(b->appearance, word);

		if (why != NULL)
			load_error(l, e, "the appearance %s is not supported, because it %s: remove it", word, why);
		if (load_attr(l, e, "intent", NULL) != NULL)
			load_error(l, e, "an intent starts another program, which is not supported: remove it");
		if (b->kind == BODY_CONTROL && b->control == CONTROL_UPLOAD)
			load_error(l, e, "questions for pictures, sound and files are not supported yet");
		if (b->kind == BODY_CONTROL && f->nodes[b->node].type == TYPE_GEOPOINT && !l->anonymous)
			load_error(l, e, "questions for a place are not supported");
	}
}

static void
lane(struct loader *l)
{
	const char *v = form_setting(l->f, "lane"), *precision = form_setting(l->f, "time_precision");
	const xmlNode *s = load_child(l->model, "submission");

	if (v[0] != '\0' && strcmp(v, "feedback") != 0 && strcmp(v, "concern") != 0)
		load_error(l, l->model, "kiosk::lane is feedback or concern, not \"%.40s\"", v);
	if (precision[0] != '\0' && strcmp(precision, "date") != 0 && strcmp(precision, "hour") != 0)
		load_error(l, l->model, "kiosk::time_precision is date or hour, not \"%.40s\"", precision);
	if (s != NULL && load_attr(l, s, "base64RsaPublicKey", NULL) != NULL)
		load_error(l, s, "public_key is not used: every record is sealed (see the key ring)");
	if (s != NULL && load_attr(l, s, "action", NULL) != NULL)
		load_warn(l, s, "submission_url is not used: records go where the site is enrolled");
}

void
load_admit(struct loader *l)
{
	binds(l);
	names(l);
	bodies(l);
	lane(l);
}

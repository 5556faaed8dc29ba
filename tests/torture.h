/* What tests/torture.c, linked into every test, can be told: which allocation, which system call fails. */
#ifndef TESTS_TORTURE_H
#define TESTS_TORTURE_H

/* Allocations of our own code until one fails; negative: none does (the default). */
extern long torture_left;
/* True if one was made to fail since torture_left was set. */
extern int torture_hit;

enum torture_call {
	TORTURE_OPEN,	/* and mkostemp */
	TORTURE_WRITE,
	TORTURE_FSYNC,
	TORTURE_FCHMOD,
	TORTURE_RENAME,	/* and link */
	TORTURE_UNLINK,
	TORTURE_CLOSE,
	TORTURE_CALLS
};

extern struct torture_calls {
	enum torture_call call;
	long left;		/* of that call until one fails; negative: none does */
	int with;		/* errno */
	int is_short;		/* a write does not fail but writes half */
	int hit;
	/* what was seen, whether anything fails or not */
	int unsynced;		/* written and not synced yet */
	int unsynced_name;	/* a name was given and no folder synced since */
	int early;		/* a name was given to something not synced */
} torture_calls;

#endif

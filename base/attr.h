/* Compiler attributes used throughout, so that no other file names a compiler. */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

/* The caller must look at the returned value. */
#define MUST_CHECK __attribute__((warn_unused_result))
/* Arguments are checked like printf's: FMT and FIRST count from 1. */
#define PRINTF_LIKE(FMT, FIRST) __attribute__((format(printf, FMT, FIRST)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif

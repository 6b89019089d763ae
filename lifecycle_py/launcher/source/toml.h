/* TOML 1.0 as far as the launcher needs it: numbers and dates are recognised and skipped, all else is read. */
#ifndef OFFRAMP_LAUNCHER_TOML_H
#define OFFRAMP_LAUNCHER_TOML_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

typedef enum {
    TOML_STRING,
    TOML_BOOLEAN,
    TOML_OPAQUE, /* a number or a date: none matters to a launch */
    TOML_ARRAY,
    TOML_TABLE,
} TomlKind;

/* How a table or array came to be, which decides who may still add to it. */
typedef enum {
    TOML_COMPLETE, /* written in one piece, as { … } or [ … ]: closed */
    TOML_IMPLIED,  /* only named on the way, as a in [a.b] */
    TOML_HEADER,   /* opened by [a] or [[a]] */
    TOML_DOTTED,   /* made by a dotted key, as a in a.b = 1 */
} TomlOrigin;

/* Children of a table have keys; elements of an array have none. Both keep their order. */
typedef struct TomlValue {
    TomlKind kind;
    TomlOrigin origin;
    Text text;      /* of a TOML_STRING */
    bool truth;     /* of a TOML_BOOLEAN */
    Text key;
    struct TomlValue *first_child;
    struct TomlValue *last_child;
    struct TomlValue *next;
} TomlValue;

typedef struct {
    size_t line; /* counted from 1 */
    const char *message;
} TomlError;

/* The document's root table, or NULL with the error filled in. */
TomlValue *toml_parse(Text source, TomlError *error);

/* The value under a key, or NULL. */
const TomlValue *toml_get(const TomlValue *table, const char *key);

#endif

/* What the parts of the TOML parser share: the position in the source and the first error. */
#ifndef OFFRAMP_LAUNCHER_TOML_READER_H
#define OFFRAMP_LAUNCHER_TOML_READER_H

#include <stdbool.h>

#include "toml.h"

typedef struct {
    const char *at;
    const char *end;
    TomlError *error;
    size_t line;
    size_t depth; /* of arrays and inline tables around the position */
} TomlReader;

/* toml_reader.c. Every bool below is "went well"; false means that the error is filled in. */
bool toml_fail(TomlReader *reader, const char *message);
bool toml_looking_at(const TomlReader *reader, const char *expected);
bool toml_take(TomlReader *reader, const char *expected); /* true when it was there and is now behind us */
bool toml_take_newline(TomlReader *reader);               /* LF or CR LF */
void toml_skip_blanks(TomlReader *reader);
bool toml_skip_comment(TomlReader *reader);
bool toml_skip_blank_lines(TomlReader *reader); /* blanks, comments and newlines */
bool toml_is_forbidden(char byte);              /* a control character that TOML allows nowhere */

/* toml_string.c */
bool toml_read_single_line_string(TomlReader *reader, Text *text);
bool toml_read_string(TomlReader *reader, Text *text);
bool toml_check_utf8(TomlReader *reader);

/* toml_value.c */
TomlValue *toml_new(TomlKind kind, TomlOrigin origin);
void toml_add(TomlValue *parent, TomlValue *child);
TomlValue *toml_find(const TomlValue *table, Text key);
bool toml_read_key(TomlReader *reader, Text *key);
bool toml_read_pair(TomlReader *reader, TomlValue *table);

#endif

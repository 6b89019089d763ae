/* Strings, lists of strings, and memory that lasts until the process is replaced by execve. */
#ifndef OFFRAMP_LAUNCHER_TEXT_H
#define OFFRAMP_LAUNCHER_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes with their length, because TOML strings and files may hold NUL. bytes[length] is always NUL. */
typedef struct {
    const char *bytes;
    size_t length;
} Text;

/* A text under construction. Start from {0}. */
typedef struct {
    char *bytes;
    size_t length;
    size_t capacity;
} Buffer;

/* C strings in order; items is NULL or ends with a NULL entry, as execve wants it. Start from {0}. */
typedef struct {
    const char **items;
    size_t count;
    size_t capacity;
} Strings;

/* Nothing is ever freed: the launcher lives for a millisecond and ends in execve or exit. */
void *allocate(size_t size);

void buffer_add(Buffer *buffer, const char *bytes, size_t length);
Text buffer_text(Buffer *buffer);

bool text_equals(Text text, const char *c_string);
bool text_has_nul(Text text);

void strings_add(Strings *strings, const char *item);
void strings_add_all(Strings *strings, const Strings *more);
bool strings_contain(const Strings *strings, const char *item);
void strings_sort(Strings *strings);
const char *strings_join(const Strings *strings, const char *separator);

/* printf into new memory. */
const char *format(const char *pattern, ...) __attribute__((format(printf, 1, 2)));

#endif

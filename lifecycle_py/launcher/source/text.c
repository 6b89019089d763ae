/* Strings, lists of strings, and memory that lasts until the process is replaced by execve. */
#include "text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

void *allocate(size_t size)
{
    void *memory = malloc(size > 0 ? size : 1);
    if (memory == NULL)
        fail(EXIT_LAUNCH, "Give the container more memory.", "out of memory (%zu bytes were asked for)", size);
    return memory;
}

/* The next capacity for at least `needed` elements of `size` bytes. */
static size_t grown(size_t capacity, size_t needed, size_t size)
{
    size_t next = capacity < 16 ? 16 : capacity;
    while (next < needed) {
        if (next > SIZE_MAX / 2 / size)
            fail(EXIT_LAUNCH, NULL, "out of address space (%zu elements)", needed);
        next *= 2;
    }
    return next;
}

void buffer_add(Buffer *buffer, const char *bytes, size_t length)
{
    if (length > SIZE_MAX - buffer->length - 1)
        fail(EXIT_LAUNCH, NULL, "out of address space (%zu bytes)", length);
    size_t needed = buffer->length + length + 1;
    if (needed > buffer->capacity) {
        buffer->capacity = grown(buffer->capacity, needed, 1);
        char *larger = allocate(buffer->capacity);
        if (buffer->length > 0)
            memcpy(larger, buffer->bytes, buffer->length);
        buffer->bytes = larger;
    }
    if (length > 0)
        memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
    buffer->bytes[buffer->length] = '\0';
}

Text buffer_text(Buffer *buffer)
{
    buffer_add(buffer, "", 0); /* an empty buffer has no terminator yet */
    return (Text){buffer->bytes, buffer->length};
}

bool text_equals(Text text, const char *c_string)
{
    return strlen(c_string) == text.length && memcmp(text.bytes, c_string, text.length) == 0;
}

bool text_has_nul(Text text)
{
    return memchr(text.bytes, '\0', text.length) != NULL;
}

void strings_add(Strings *strings, const char *item)
{
    size_t needed = strings->count + 2; /* the item and the closing NULL */
    if (needed > strings->capacity) {
        strings->capacity = grown(strings->capacity, needed, sizeof *strings->items);
        const char **larger = allocate(strings->capacity * sizeof *larger);
        if (strings->count > 0)
            memcpy(larger, strings->items, strings->count * sizeof *larger);
        strings->items = larger;
    }
    strings->items[strings->count++] = item;
    strings->items[strings->count] = NULL;
}

void strings_add_all(Strings *strings, const Strings *more)
{
    for (size_t i = 0; i < more->count; i++)
        strings_add(strings, more->items[i]);
}

bool strings_contain(const Strings *strings, const char *item)
{
    for (size_t i = 0; i < strings->count; i++)
        if (strcmp(strings->items[i], item) == 0)
            return true;
    return false;
}

static int compare_bytes(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

void strings_sort(Strings *strings)
{
    if (strings->count > 1)
        qsort(strings->items, strings->count, sizeof *strings->items, compare_bytes);
}

const char *strings_join(const Strings *strings, const char *separator)
{
    Buffer joined = {0};
    for (size_t i = 0; i < strings->count; i++) {
        if (i > 0)
            buffer_add(&joined, separator, strlen(separator));
        buffer_add(&joined, strings->items[i], strlen(strings->items[i]));
    }
    return buffer_text(&joined).bytes;
}

const char *format(const char *pattern, ...)
{
    va_list arguments;
    va_start(arguments, pattern);
    int length = vsnprintf(NULL, 0, pattern, arguments);
    va_end(arguments);
    if (length < 0)
        fail(EXIT_LAUNCH, NULL, "a text of more than 2 GiB cannot be handled");

    char *text = allocate((size_t)length + 1);
    va_start(arguments, pattern);
    vsnprintf(text, (size_t)length + 1, pattern, arguments);
    va_end(arguments);
    return text;
}

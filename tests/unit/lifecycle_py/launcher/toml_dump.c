/*
 * The launcher's TOML parser as a filter, for tests: documents in, one line of JSON per document out.
 *
 * A document is four bytes of length (little endian) and its text. A line is the root table, or a string: the error
 * "<line>: <message>". Keys and strings are in hexadecimal, so that any byte survives; numbers and dates are null.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "toml.h"

static void print_hex(Text text)
{
    putchar('"');
    for (size_t i = 0; i < text.length; i++)
        printf("%02x", (unsigned char)text.bytes[i]);
    putchar('"');
}

static void print_text(const char *text)
{
    print_hex((Text){text, strlen(text)});
}

static void print_value(const TomlValue *value)
{
    if (value->kind == TOML_STRING)
        print_hex(value->text);
    else if (value->kind == TOML_BOOLEAN)
        fputs(value->truth ? "true" : "false", stdout);
    else if (value->kind == TOML_OPAQUE)
        fputs("null", stdout);
    if (value->kind != TOML_ARRAY && value->kind != TOML_TABLE)
        return;

    putchar(value->kind == TOML_ARRAY ? '[' : '{');
    for (const TomlValue *child = value->first_child; child != NULL; child = child->next) {
        if (child != value->first_child)
            putchar(',');
        if (value->kind == TOML_TABLE) {
            print_hex(child->key);
            putchar(':');
        }
        print_value(child);
    }
    putchar(value->kind == TOML_ARRAY ? ']' : '}');
}

static void print_document(Text source)
{
    TomlError error = {0};
    const TomlValue *root = toml_parse(source, &error);
    if (root == NULL)
        print_text(format("%zu: %s", error.line, error.message));
    else
        print_value(root);
    putchar('\n');
    fflush(stdout);
}

int main(void)
{
    unsigned char header[4];
    while (fread(header, sizeof header, 1, stdin) == 1) {
        size_t length = header[0] | header[1] << 8 | header[2] << 16 | (size_t)header[3] << 24;
        /* Exactly as long as the text: the sanitizer sees a read of even one byte more. */
        char *bytes = malloc(length);
        if (length > 0 && (bytes == NULL || fread(bytes, length, 1, stdin) != 1))
            return 1;
        print_document((Text){bytes, length});
        free(bytes);
    }
    return 0;
}

/* The four kinds of TOML string, their escapes, and UTF-8. */
#include <stdint.h>
#include <string.h>

#include "toml_reader.h"

static bool is_scalar_value(uint32_t code_point)
{
    return code_point <= 0x10FFFF && !(code_point >= 0xD800 && code_point <= 0xDFFF);
}

static void add_utf8(Buffer *buffer, uint32_t code_point)
{
    char bytes[4];
    size_t length = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    static const unsigned char LEADS[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    for (size_t i = length; i-- > 1; code_point >>= 6)
        bytes[i] = (char)(0x80 | (code_point & 0x3F));
    bytes[0] = (char)(LEADS[length] | code_point);
    buffer_add(buffer, bytes, length);
}

static int hex_digit(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    if (character >= 'A' && character <= 'F')
        return character - 'A' + 10;
    return -1;
}

static bool read_code_point(TomlReader *reader, int digits, Buffer *buffer)
{
    uint32_t code_point = 0;
    for (int i = 0; i < digits; i++) {
        int digit = reader->at < reader->end ? hex_digit(*reader->at) : -1;
        if (digit < 0)
            return toml_fail(reader, "\\u needs four and \\U eight hexadecimal digits");
        code_point = code_point << 4 | (uint32_t)digit;
        reader->at++;
    }
    if (!is_scalar_value(code_point))
        return toml_fail(reader, "escape is not a Unicode scalar value");
    add_utf8(buffer, code_point);
    return true;
}

/* The backslash is behind us. */
static bool read_escape(TomlReader *reader, Buffer *buffer)
{
    static const char NAMES[] = "btnfr\"\\";
    static const char MEANINGS[] = "\b\t\n\f\r\"\\";
    if (toml_take(reader, "u"))
        return read_code_point(reader, 4, buffer);
    if (toml_take(reader, "U"))
        return read_code_point(reader, 8, buffer);
    for (size_t i = 0; i < sizeof NAMES - 1; i++) {
        if (reader->at < reader->end && *reader->at == NAMES[i]) {
            reader->at++;
            buffer_add(buffer, &MEANINGS[i], 1);
            return true;
        }
    }
    return toml_fail(reader, "unknown escape in a string");
}

/* A backslash before the end of a line removes the newline and all blank space up to the next character. */
static bool skip_continuation(TomlReader *reader, bool *skipped)
{
    *skipped = toml_looking_at(reader, " ") || toml_looking_at(reader, "\t") || toml_looking_at(reader, "\n")
               || toml_looking_at(reader, "\r\n");
    if (!*skipped)
        return true;
    toml_skip_blanks(reader);
    if (!toml_take_newline(reader))
        return toml_fail(reader, "only blanks may stand between a \\ and the end of its line");
    do
        toml_skip_blanks(reader);
    while (toml_take_newline(reader));
    return true;
}

/* Up to two quotes may stand directly before the three that close a multi-line string. */
static void add_quotes_before_end(TomlReader *reader, const char *quote, Buffer *buffer)
{
    for (int i = 0; i < 2 && toml_take(reader, quote); i++)
        buffer_add(buffer, quote, 1);
}

static bool read_multi_line(TomlReader *reader, bool basic, Text *text)
{
    const char *quote = basic ? "\"" : "'";
    const char *closing = basic ? "\"\"\"" : "'''";
    Buffer buffer = {0};
    toml_take_newline(reader); /* one directly after the opening quotes is not part of the string */
    while (reader->at < reader->end) {
        bool skipped = false;
        if (toml_take(reader, closing)) {
            add_quotes_before_end(reader, quote, &buffer);
            *text = buffer_text(&buffer);
            return true;
        }
        if (basic && toml_take(reader, "\\")) {
            if (!skip_continuation(reader, &skipped))
                return false;
            if (!skipped && !read_escape(reader, &buffer))
                return false;
        } else if (toml_take_newline(reader)) {
            buffer_add(&buffer, "\n", 1);
        } else if (toml_is_forbidden(*reader->at)) {
            return toml_fail(reader, "control character in a string");
        } else {
            buffer_add(&buffer, reader->at++, 1);
        }
    }
    return toml_fail(reader, "multi-line string without an end");
}

bool toml_read_single_line_string(TomlReader *reader, Text *text)
{
    bool basic = toml_looking_at(reader, "\"");
    const char *quote = basic ? "\"" : "'";
    Buffer buffer = {0};
    toml_take(reader, quote);
    while (reader->at < reader->end && !toml_is_forbidden(*reader->at)) {
        if (toml_take(reader, quote)) {
            *text = buffer_text(&buffer);
            return true;
        }
        if (basic && toml_take(reader, "\\")) {
            if (!read_escape(reader, &buffer))
                return false;
        } else {
            buffer_add(&buffer, reader->at++, 1);
        }
    }
    if (reader->at == reader->end || toml_looking_at(reader, "\n") || toml_looking_at(reader, "\r\n"))
        return toml_fail(reader, "string without an end on its line");
    return toml_fail(reader, "control character in a string");
}

bool toml_read_string(TomlReader *reader, Text *text)
{
    if (toml_take(reader, "\"\"\""))
        return read_multi_line(reader, true, text);
    if (toml_take(reader, "'''"))
        return read_multi_line(reader, false, text);
    return toml_read_single_line_string(reader, text);
}

/* The length of the valid UTF-8 sequence at `at`, or 0. Overlong forms and surrogates are invalid. */
static size_t sequence_length(const unsigned char *at, size_t available)
{
    size_t length = at[0] < 0x80 ? 1 : at[0] >> 5 == 0x6 ? 2 : at[0] >> 4 == 0xE ? 3 : at[0] >> 3 == 0x1E ? 4 : 0;
    static const uint32_t SMALLEST[] = {0, 0, 0x80, 0x800, 0x10000};
    if (length < 2 || length > available)
        return length == 1 ? 1 : 0;
    uint32_t code_point = at[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (at[i] >> 6 != 0x2)
            return 0;
        code_point = code_point << 6 | (at[i] & 0x3Fu);
    }
    return code_point >= SMALLEST[length] && is_scalar_value(code_point) ? length : 0;
}

bool toml_check_utf8(TomlReader *reader)
{
    size_t line = reader->line;
    for (const char *at = reader->at; at < reader->end;) {
        size_t length = sequence_length((const unsigned char *)at, (size_t)(reader->end - at));
        if (length == 0) {
            reader->line = line;
            return toml_fail(reader, "text is not UTF-8");
        }
        line += *at == '\n';
        at += length;
    }
    return true;
}

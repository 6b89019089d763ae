/* Moving through TOML source: expected words, blanks, newlines, comments. */
#include "toml_reader.h"

#include <string.h>

bool toml_fail(TomlReader *reader, const char *message)
{
    reader->error->line = reader->line;
    reader->error->message = message;
    return false;
}

bool toml_looking_at(const TomlReader *reader, const char *expected)
{
    size_t length = strlen(expected);
    return (size_t)(reader->end - reader->at) >= length && memcmp(reader->at, expected, length) == 0;
}

bool toml_take(TomlReader *reader, const char *expected)
{
    if (!toml_looking_at(reader, expected))
        return false;
    reader->at += strlen(expected);
    return true;
}

bool toml_take_newline(TomlReader *reader)
{
    if (!toml_take(reader, "\n") && !toml_take(reader, "\r\n"))
        return false;
    reader->line++;
    return true;
}

void toml_skip_blanks(TomlReader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t'))
        reader->at++;
}

bool toml_is_forbidden(char byte)
{
    unsigned char value = (unsigned char)byte;
    return (value < 0x20 && value != '\t') || value == 0x7f;
}

bool toml_skip_comment(TomlReader *reader)
{
    if (!toml_take(reader, "#"))
        return true;
    while (reader->at < reader->end && !toml_looking_at(reader, "\n") && !toml_looking_at(reader, "\r\n")) {
        if (toml_is_forbidden(*reader->at))
            return toml_fail(reader, "control character in a comment");
        reader->at++;
    }
    return true;
}

bool toml_skip_blank_lines(TomlReader *reader)
{
    do {
        toml_skip_blanks(reader);
        if (!toml_skip_comment(reader))
            return false;
    } while (toml_take_newline(reader));
    return true;
}

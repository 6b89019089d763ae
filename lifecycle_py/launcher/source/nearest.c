/* The known name that a mistyped one was probably meant to be. */
#include "nearest.h"

#include <string.h>

enum { LONGEST_NAME = 64, MAX_EDITS = 2 };

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

/* Levenshtein distance, by rows; both names are at most LONGEST_NAME long. */
static size_t edits_between(const char *from, const char *to)
{
    size_t row[LONGEST_NAME + 1];
    size_t width = strlen(to);
    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 0; from[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < width; j++) {
            size_t above = row[j + 1];
            row[j + 1] = smallest(above + 1, row[j] + 1, diagonal + (from[i] != to[j]));
            diagonal = above;
        }
    }
    return row[width];
}

const char *nearest_of(const Strings *names, const char *mistyped)
{
    const char *nearest = NULL;
    size_t fewest = MAX_EDITS + 1;
    for (size_t i = 0; i < names->count && strlen(mistyped) <= LONGEST_NAME; i++) {
        if (strlen(names->items[i]) > LONGEST_NAME)
            continue;
        size_t edits = edits_between(mistyped, names->items[i]);
        if (edits < fewest) {
            fewest = edits;
            nearest = names->items[i];
        }
    }
    return nearest;
}

/* Reading files and directories; absent is an answer, unreadable is a failure. */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h"

bool read_descriptor(int descriptor, Text *content)
{
    Buffer buffer = {0};
    char block[4096];
    for (;;) {
        ssize_t count = read(descriptor, block, sizeof block);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        if (count == 0)
            break;
        if (buffer.length + (size_t)count > MAX_READ_BYTES) {
            errno = EFBIG;
            return false;
        }
        buffer_add(&buffer, block, (size_t)count);
    }
    *content = buffer_text(&buffer);
    return true;
}

bool read_file(const char *path, Text *content)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    bool complete = read_descriptor(descriptor, content);
    int cause = errno;
    close(descriptor);
    errno = cause;
    return complete;
}

static bool is_real_directory(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool is_directory(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* A link that leads nowhere counts as a file, so that reading it fails with its name instead of passing unseen. */
static bool is_no_directory(const char *path)
{
    return !is_directory(path);
}

static Strings entries_where(const char *directory, bool (*wanted)(const char *path))
{
    Strings found = {0};
    DIR *stream = opendir(directory);
    if (stream == NULL) {
        if (errno == ENOENT || errno == ENOTDIR)
            return found;
        fail(EXIT_LAUNCH, "The user of the container must be able to read all launch layers.",
             "cannot read directory '%s': %s", directory, strerror(errno));
    }
    for (const struct dirent *entry; (errno = 0, entry = readdir(stream)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        const char *path = format("%s/%s", directory, entry->d_name);
        if (wanted(path))
            strings_add(&found, path);
    }
    if (errno != 0)
        fail(EXIT_LAUNCH, NULL, "cannot read directory '%s': %s", directory, strerror(errno));
    closedir(stream);
    strings_sort(&found); /* the common prefix makes this the order of the names */
    return found;
}

Strings subdirectories(const char *directory)
{
    return entries_where(directory, is_real_directory);
}

Strings files_in(const char *directory)
{
    return entries_where(directory, is_no_directory);
}

const char *absolute_path(const char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    const char *trimmed = format("%.*s", (int)length, path);
    if (trimmed[0] == '/')
        return trimmed;

    char working_dir[PATH_MAX];
    if (getcwd(working_dir, sizeof working_dir) == NULL)
        fail(EXIT_LAUNCH, "Use an absolute path.", "cannot resolve '%s': %s", path, strerror(errno));
    return format("%s/%s", working_dir, trimmed);
}

# The last step inside a new base image, run by mmdebstrap with the image's root as $1 and LOCALES set before.
set -eu
root="$1"

# Compiled locales, made from sources that then leave again.
mkdir "$root/tmp/locales"
for locale in $LOCALES; do
    name="${locale%.*}.$(printf %s "${locale#*.}" | tr -d - | tr '[:upper:]' '[:lower:]')"
    chroot "$root" localedef --no-archive -i "${locale%.*}" -f "${locale#*.}" "/tmp/locales/$name"
done
if [ -n "$LOCALES" ]; then
    chroot "$root" dpkg --purge locales libc-l10n
    mv "$root"/tmp/locales/* "$root/usr/lib/locale/"
fi

# Debian's compiled Python files hold the time of their source, which an image does not keep: Python would compile the
# standard library anew at every start. These hold no time, and come out the same in every build.
if [ -x "$root/usr/bin/python3" ]; then
    find "$root/usr/lib/python3" "$root"/usr/lib/python3.* "$root/usr/share" -name '*.pyc' -delete
    # The pattern is for the shell inside: the host has other versions.
    chroot "$root" env PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 sh -c \
        'python3 -m compileall -q -f -j 1 --invalidation-mode unchecked-hash /usr/lib/python3 /usr/lib/python3.*'
fi

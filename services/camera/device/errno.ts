/** Error texts of glibc and, where they differ, of musl; the first that fits is it. */
const ERRNOS: [RegExp, string][] = [
  [/Permission denied/, 'EACCES'],
  [/Operation not permitted/, 'EPERM'],
  [/Device or resource busy|Resource busy/, 'EBUSY'],
  [/No such file or directory|Cannot open device/, 'ENOENT'],
  [/No such device or address/, 'ENXIO'],
  [/No such device/, 'ENODEV'],
  [/Inappropriate ioctl for device|Not a tty/, 'ENOTTY'],
  [/Input\/output error|I\/O error/, 'EIO'],
  [/Broken pipe/, 'EPIPE'],
  [/timed out/, 'ETIMEDOUT'],
  [/Protocol error/, 'EPROTO'],
  [/Numerical result out of range|Result not representable/, 'ERANGE'],
  [/Invalid argument/, 'EINVAL'],
  [/Invalid or incomplete multibyte|Illegal byte sequence/, 'EILSEQ'],
];

/** The error that a program speaks of in the C locale, such as `EACCES`; null when it names none that devices give. Pure. */
export function errnoOf(said: string): string | null {
  return ERRNOS.find(([text]) => text.test(said))?.[1] ?? null;
}

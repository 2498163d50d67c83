/** `text` without what in an address may be a login or a token, however that address is misspelt or cut off. Pure. */
export function withoutSecrets(text: string): string {
  return text.replaceAll(/(:\/*)\S*@/g, '$1…@').replaceAll(/(:\/[^?#\s]*)[?#]\S*/g, '$1?…');
}

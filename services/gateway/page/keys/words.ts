import { de } from './de.ts';
import { en, type KeyWords } from './en.ts';

/** The dialogues' words, in the language that the page has at this moment. */
export function keyWords(): KeyWords {
  return document.documentElement.lang === 'de' ? de : en;
}

/** `26 Nov 2026`, as the page's language writes it. */
export function date(iso: string): string {
  return new Date(iso).toLocaleDateString(document.documentElement.lang === 'de' ? 'de-DE' : 'en-GB', { dateStyle: 'medium' });
}

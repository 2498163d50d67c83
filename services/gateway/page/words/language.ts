import { de } from './de.ts';
import { en, type Words } from './en.ts';

const LANGUAGES: Record<string, Words> = { en, de };
const KEY = 'homeguard-language';

export type Language = 'en' | 'de';

/** The language that was chosen here, else the first that the browser prefers and the page speaks, else English. */
export function readLanguage(): Language {
  const wanted = [kept(), ...navigator.languages].map((each) => each?.slice(0, 2));
  return wanted.find((each): each is Language => each !== undefined && each in LANGUAGES) ?? 'en';
}

/** Keeps the choice for the next visit. */
export function keepLanguage(language: Language): void {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // Where nothing may be kept it holds until the page is closed.
  }
}

export function wordsOf(language: Language): Words {
  return language === 'de' ? de : en;
}

function kept(): string | undefined {
  try {
    return localStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined; // Some browsers forbid even to look.
  }
}

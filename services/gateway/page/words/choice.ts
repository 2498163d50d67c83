/** Which language the page speaks; without its words, since the login form has its own. */
const LANGUAGES = ['en', 'de'] as const;
const KEY = 'homeguard-language';

export type Language = (typeof LANGUAGES)[number];

/** The language that was chosen here, else the first that the browser prefers and the page speaks, else English. */
export function readLanguage(): Language {
  const wanted = [kept(), ...navigator.languages].map((each) => each?.slice(0, 2));
  return wanted.map((each) => LANGUAGES.find((known) => known === each)).find((each) => each !== undefined) ?? 'en';
}

/** Keeps the choice for the next visit. */
export function keepLanguage(language: Language): void {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // Where nothing may be kept it holds until the page is closed.
  }
}

function kept(): string | undefined {
  try {
    return localStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined; // Some browsers forbid even to look.
  }
}

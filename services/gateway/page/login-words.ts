/** What the login form says. English stands in the form itself, too: it works without scripts. */

/** Why it is shown again: `data-error` of what the gateway puts in, with the values it names. */
type ErrorCode = 'wrong-password' | 'too-many' | 'link' | 'no-right' | 'session-over';
type Values = Record<string, string | undefined>;

export interface LoginWords {
  title: string;
  name: string;
  password: string;
  logIn: string;
  hint: string;
  /** The other language, in its own words. */
  other: string;
  tryNow: string;
  /** On the page that leads on by itself: for whom it does not. */
  goOn: string;
  errors: Record<ErrorCode, (values: Values) => string>;
}

export const en: LoginWords = {
  title: 'Log in · HomeGuard',
  name: 'Name',
  password: 'Password',
  logIn: 'Log in',
  hint: 'Not at hand? The address printed when HomeGuard starts logs you in without it.',
  other: 'Deutsch',
  tryNow: 'You can try again now.',
  goOn: 'Go on to HomeGuard',
  errors: {
    'wrong-password': () => 'That was not the right password for this name.',
    'too-many': ({ seconds }) => `Too many wrong passwords came: try again in ${seconds} s.`,
    link: () => 'This link is not valid (any more). Log in with the password.',
    'no-right': ({ name, remedy }) =>
      `You are logged in as ${name}, who may see no camera here: the owner of HomeGuard can change that by ${remedy}.`,
    'session-over': () => 'You were logged out. Log in again to go on.',
  },
};

export const de: LoginWords = {
  title: 'Anmelden · HomeGuard',
  name: 'Name',
  password: 'Passwort',
  logIn: 'Anmelden',
  hint: 'Nicht zur Hand? Die Adresse, die HomeGuard beim Start ausgibt, meldet Sie ohne Passwort an.',
  other: 'English',
  tryNow: 'Sie können es jetzt wieder versuchen.',
  goOn: 'Weiter zu HomeGuard',
  errors: {
    'wrong-password': () => 'Das war nicht das richtige Passwort zu diesem Namen.',
    'too-many': ({ seconds }) => `Es kamen zu viele falsche Passwörter: Versuchen Sie es in ${seconds} s wieder.`,
    link: () => 'Dieser Link gilt nicht (mehr). Melden Sie sich mit dem Passwort an.',
    'no-right': ({ name, remedy }) =>
      `Sie sind als ${name} angemeldet und dürfen hier keine Kamera sehen. Wem HomeGuard gehört, der ändert das durch ${remedy}.`,
    'session-over': () => 'Sie wurden abgemeldet. Melden Sie sich wieder an, um fortzufahren.',
  },
};

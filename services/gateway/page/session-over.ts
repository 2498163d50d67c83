const KEY = 'homeguard-session-over';

/** The login form is to say why it is there. */
export function noteSessionOver(): void {
  try {
    sessionStorage.setItem(KEY, '1');
  } catch {
    // Where nothing may be kept the form says nothing.
  }
}

/** Was it a session's end that led here? Asked once, it is forgotten. */
export function wasSessionOver(): boolean {
  try {
    const was = sessionStorage.getItem(KEY) !== null;
    sessionStorage.removeItem(KEY);
    return was;
  } catch {
    return false;
  }
}

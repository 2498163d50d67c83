/** Date.now() rounds down to whole ms, so up to 1 ms of difference is no difference; a little more is the two calls' own time. */
const STEP_MS = 2;

let origin = performance.timeOrigin;

/** Microseconds since 1970: the monotonic clock's precision, and where the wall clock was set, its new time. */
export function wallMicroseconds(): number {
  const wall = Date.now();
  const precise = origin + performance.now();
  if (Math.abs(precise - wall - 0.5) > STEP_MS) {
    origin += wall + 0.5 - precise;
    return Math.round((wall + 0.5) * 1000);
  }
  return Math.round(precise * 1000);
}

import { useEffect, useState } from 'preact/hooks';

/** Whole seconds until `ends`, a moment of the monotonic clock in ms; 0 when it is over. Null has none. */
export function useCountdown(ends: number | null): number {
  const [, setTurn] = useState(0);
  const seconds = ends === null ? 0 : Math.max(0, Math.ceil((ends - performance.now()) / 1000));
  useEffect(() => {
    if (seconds === 0 || ends === null) return;
    const timer = setTimeout(() => setTurn((turn) => turn + 1), (ends - performance.now()) % 1000 || 1000);
    return () => clearTimeout(timer);
  }, [seconds, ends]);
  return seconds;
}

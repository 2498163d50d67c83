import { useEffect, useRef } from 'preact/hooks';

/** When what a button opened is over, the focus goes back to that button: to be called with its id when it opens. */
export function useFocusBack(isOpen: boolean): (id: string) => void {
  const opener = useRef<string | null>(null);
  useEffect(() => {
    if (isOpen || opener.current === null) return;
    document.getElementById(opener.current)?.focus();
    opener.current = null;
  }, [isOpen]);
  return (id) => {
    opener.current = id;
  };
}

const IDLE_MS = 3_000;

/**
 * Full screen of one element, told by its `data-full`. Where the browser has none for anything but videos (iPhone), the element at least
 * takes the whole page. After a while without a touch `data-idle` is set, for what need not be seen all the time.
 */
export class FullScreen {
  readonly #element: HTMLElement;
  readonly #onChange: (full: boolean) => void;
  #idle = 0;

  constructor(element: HTMLElement, onChange: (full: boolean) => void) {
    this.#element = element;
    this.#onChange = onChange;
    document.addEventListener('fullscreenchange', () => this.#set(document.fullscreenElement === element));
    document.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape' && !document.fullscreenElement) this.#set(false);
    });
    for (const sign of ['pointermove', 'pointerdown', 'keydown', 'focusin']) document.addEventListener(sign, () => this.#stir());
  }

  async toggle(): Promise<void> {
    if (document.fullscreenElement) await document.exitFullscreen();
    else if (this.#isFull || !document.fullscreenEnabled) this.#set(!this.#isFull);
    else await this.#element.requestFullscreen({ navigationUI: 'hide' });
  }

  get #isFull(): boolean {
    return 'full' in this.#element.dataset;
  }

  #set(full: boolean): void {
    if (full === this.#isFull) return;
    this.#element.toggleAttribute('data-full', full);
    this.#stir();
    this.#onChange(full);
  }

  #stir(): void {
    clearTimeout(this.#idle);
    this.#element.removeAttribute('data-idle');
    if (this.#isFull) this.#idle = window.setTimeout(() => this.#element.setAttribute('data-idle', ''), IDLE_MS);
  }
}

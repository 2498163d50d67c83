import type { Camera } from '../camera.ts';
import { LOOK_MS } from '../liveness.ts';
import type { News, Order, Seen, Wishes } from './messages.ts';
import { readNamed } from './named.ts';
import { Screen } from './screen.ts';
import { ServerClock } from './server-clock.ts';
import { type Link, Stream } from './stream.ts';

/**
 * Everything between the WebSocket and the canvases: one connection for all cameras, their pictures, what is measured of them. It knows no
 * DOM, so that it can live in a worker, and no picture comes near the page's own thread.
 */
export class Feed {
  readonly #tell: (news: News) => void;
  readonly #clock = new ServerClock();
  readonly #screens = new Map<string, Screen>();
  readonly #stream: Stream;
  #wishes: Wishes = {};
  #ticker: ReturnType<typeof setInterval> | undefined;

  /** @param url of `/ws` */
  constructor(url: string, tell: (news: News) => void) {
    this.#tell = tell;
    this.#stream = new Stream(url, this.#clock, {
      onMessage: (message) => this.#hear(message),
      onFrame: (message) => this.#show(message),
      onLink: (link) => this.#linked(link),
      onLoginNeeded: () => tell({ is: 'login' }),
    });
    tell({ is: 'ready' });
  }

  take(order: Order): void {
    if (order.do === 'open') this.#open();
    else if (order.do === 'close') this.#close();
    else if (order.do === 'watch') this.#watch(order.wishes);
    else if (order.do === 'draw') this.#screen(order.id).attach(order.key, order.surface);
    else if (order.do === 'leave') this.#leave(order.id, order.key);
    else if (order.do === 'freeze') this.#screen(order.id).frozen = order.frozen;
    else if (order.do === 'keep') this.#tell({ is: 'kept', id: order.id, file: this.#screens.get(order.id)?.file ?? null });
  }

  #open(): void {
    this.#stream.open();
    this.#ticker ??= setInterval(() => this.#look(false), LOOK_MS);
  }

  /** What was seen stays, and gets older. */
  #close(): void {
    this.#stream.close();
    for (const screen of this.#screens.values()) screen.pause();
    clearInterval(this.#ticker);
    this.#ticker = undefined;
  }

  #watch(wishes: Wishes): void {
    this.#wishes = wishes;
    for (const screen of this.#screens.values()) screen.pause();
    this.#tidy();
    this.#say();
  }

  #leave(id: string, key: number): void {
    this.#screens.get(id)?.detach(key);
    this.#tidy();
  }

  /** Of a camera that nobody wants, nor has a place for, nothing is kept. */
  #tidy(): void {
    for (const [id, screen] of this.#screens) {
      if (id in this.#wishes || screen.isAttached) continue;
      screen.clear();
      this.#screens.delete(id);
    }
  }

  #say(): void {
    this.#stream.send({ acks: true, watch: this.#affordable() });
  }

  /** What is wanted, of whole pictures only those that the line carries in time. */
  #affordable(): Wishes {
    const wishes = Object.entries(this.#wishes).map(([id, wish]) => {
      return [id, { ...wish, width: wish.width ?? this.#screens.get(id)?.saving ?? null }] as const;
    });
    return Object.fromEntries(wishes);
  }

  #linked(link: Link): void {
    if (link.state === 'open') this.#say();
    else for (const screen of this.#screens.values()) screen.pause();
    this.#tell({ is: 'link', link });
  }

  #hear(message: { type: string }): void {
    if (message.type === 'state') {
      const camera = message as unknown as Camera;
      if (camera.id in this.#wishes) this.#screen(camera.id).tell(camera);
      this.#tell({ is: 'state', camera });
    } else if (message.type === 'viewers') {
      const { id, viewers } = message as unknown as { id: string; viewers: number };
      this.#tell({ is: 'viewers', id, viewers });
    }
  }

  #show(message: ArrayBuffer): void {
    const named = readNamed(message);
    if (!named) return;
    const { id, jpeg } = named;
    const ack = () => this.#stream.send({ ack: id });
    if (id in this.#wishes) this.#screen(id).take(jpeg, ack);
    else ack();
  }

  #look(isNews: boolean): void {
    const now = performance.now();
    const sights: Record<string, Seen> = {};
    let isOtherwise = false;
    for (const [id, screen] of this.#screens) {
      if (this.#wishes[id]?.width === null && screen.weigh(now)) isOtherwise = true;
      const seen = screen.seen(now);
      if (seen) sights[id] = seen;
    }
    if (isOtherwise) this.#say();
    this.#tell({ is: 'sights', sights, now: this.#clock.at(now), isNews });
  }

  #screen(id: string): Screen {
    let screen = this.#screens.get(id);
    if (!screen) {
      screen = new Screen(this.#clock, () => this.#look(true));
      this.#screens.set(id, screen);
    }
    return screen;
  }
}

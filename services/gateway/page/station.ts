/** What the page knows: the cameras, the connection, and how each of them looks at this moment. */
import { type Camera, fetchCameras, LoginNeeded } from './camera.ts';
import type { News, Seen, Wish, Wishes } from './feed/messages.ts';
import { type FeedLine, type Picture, startFeed } from './feed/start.ts';
import type { Link } from './feed/stream.ts';
import { refusalOf } from './problem.ts';
import { noteSessionOver } from './session-over.ts';
import type { Sight } from './status.ts';

/** How often the list of cameras is asked for: in between, and while there is a reason to hope for something new. */
const LIST_MS = 10_000;
const LIST_SOON_MS = 2_000;
/** So many attempts that never got through while the gateway answers otherwise: something between does not let WebSockets pass. */
const REFUSED_ENOUGH = 2;
/** The file of a picture is on this machine already, so it is there at once or never, in ms. */
const KEEP_MS = 1_000;

type File = { jpeg: Uint8Array<ArrayBuffer>; taken: number | null };

export class Station {
  readonly #onChange: () => void;
  readonly #feed: FeedLine;
  #cameras: Camera[] = [];
  #sights: Record<string, Seen> = {};
  /** When the sights were told, monotonic ms, and what time it was at the server then. */
  #told: { at: number; server: number | null } = { at: 0, server: null };
  #link: Link = { state: 'connecting' };
  #retryAt = 0;
  #reachable = true;
  #listed = false;
  #listing = 0;
  #isOn = false;
  /** One for each place on the page where a camera is seen. */
  readonly #wants = new Set<{ id: string; wish: Wish }>();
  #wished = '{}';
  /** Why the gateway serves no stream to us, if it said so: a browser does not tell what a WebSocket was refused for. */
  #refusal: string | null = null;
  #fallback = 0;
  readonly #keeping = new Map<string, (file: File | null) => void>();

  constructor(onChange: () => void) {
    this.#onChange = onChange;
    const url = new URL('ws', document.baseURI);
    url.protocol = url.protocol.replace('http', 'ws');
    this.#feed = startFeed(url.href, (news) => this.#hear(news));
  }

  get cameras(): Camera[] {
    return this.#cameras;
  }

  /** Whether the gateway has told once which cameras there are. */
  get listed(): boolean {
    return this.#listed;
  }

  /** 0 while pictures come by WebSocket; else a number that grows when plain streams have to be begun anew. */
  get fallback(): number {
    return this.#fallback;
  }

  /** Somebody looks: connects, at once if it waits, and asks for the cameras. */
  start(): void {
    this.#isOn = true;
    this.#feed.order({ do: 'open' });
    void this.#list();
  }

  /** Nobody looks: nothing is fetched any more. What was seen stays, and gets older. */
  stop(): void {
    this.#isOn = false;
    clearTimeout(this.#listing);
    this.#feed.order({ do: 'close' });
    this.#fallback = 0;
    this.#link = { state: 'connecting' };
  }

  /** A camera is to be seen, until what is returned is called. */
  want(id: string, wish: Wish): () => void {
    const want = { id, wish };
    this.#wants.add(want);
    queueMicrotask(() => this.#watch());
    return () => {
      this.#wants.delete(want);
      queueMicrotask(() => this.#watch());
    };
  }

  draw(id: string, element: Picture): () => void {
    return this.#feed.draw(id, element);
  }

  freeze(id: string, frozen: boolean): void {
    this.#feed.order({ do: 'freeze', id, frozen });
    const seen = this.#sights[id];
    if (seen) seen.frozen = frozen;
  }

  /** The picture on the screen, as the file that came; null when there is none. */
  async keep(id: string): Promise<File | null> {
    const file = await new Promise<File | null>((resolve) => {
      this.#keeping.set(id, resolve);
      this.#feed.order({ do: 'keep', id });
      setTimeout(() => resolve(null), KEEP_MS);
    });
    this.#keeping.delete(id);
    return file;
  }

  /** The time at the server; null while that is not known. */
  get now(): number | null {
    const { at, server } = this.#told;
    return server === null ? null : server + performance.now() - at;
  }

  /** What is measured of a camera's stream; null while there is no picture of it. */
  seen(id: string): Seen | null {
    const seen = this.#sights[id];
    if (!seen || this.#fallback) return null;
    // A worker that hangs tells nothing; the picture gets older all the same.
    const passed = performance.now() - this.#told.at;
    return { ...seen, quiet: seen.quiet + passed, age: seen.age === null ? null : seen.age + passed };
  }

  /** All that is known of a camera at this moment, or, without one, of the gateway. */
  sight(camera: Camera | null): Sight {
    const link = this.#link;
    if (!camera) {
      const listed = this.#listed ? ({ state: 'open' } as const) : ({ state: 'connecting' } as const);
      return { camera, reachable: this.#reachable, link: listed, fallback: false, picture: null, fps: null, now: null, retryIn: 0 };
    }
    const seen = this.seen(camera.id);
    return {
      camera,
      reachable: this.#reachable,
      link: link.state === 'waiting' && this.#refusal ? { ...link, reason: this.#refusal } : link,
      fallback: this.#fallback > 0,
      picture: seen,
      fps: seen?.fps ?? null,
      now: this.now ?? (this.#fallback ? Date.now() : null),
      retryIn: link.state === 'waiting' ? this.#retryAt - performance.now() : 0,
    };
  }

  /** The session is over. */
  logIn(): void {
    this.stop();
    noteSessionOver();
    location.assign(`login${location.hash}`);
  }

  /** What is wanted in all; changes of one moment are told as one. */
  #watch(): void {
    const wishes: Wishes = {};
    for (const { id, wish } of this.#wants) {
      const { fps, width } = wishes[id] ?? wish;
      wishes[id] = { fps: most(fps, wish.fps), width: most(width, wish.width) };
    }
    const wished = JSON.stringify(wishes);
    if (wished === this.#wished) return;
    this.#wished = wished;
    this.#feed.order({ do: 'watch', wishes });
  }

  #hear(news: News): void {
    if (news.is === 'sights') {
      this.#sights = news.sights;
      this.#told = { at: performance.now(), server: news.now };
      if (news.isNews) this.#onChange();
      return;
    }
    if (news.is === 'state') this.#tell(news.camera.id, news.camera);
    else if (news.is === 'viewers') this.#tell(news.id, { viewers: news.viewers });
    else if (news.is === 'kept') this.#keeping.get(news.id)?.(news.file);
    else if (news.is === 'link') this.#linked(news.link);
    else if (news.is === 'login') this.logIn();
    this.#onChange();
  }

  #tell(id: string, change: Partial<Camera>): void {
    this.#cameras = this.#cameras.map((camera) => (camera.id === id ? { ...camera, ...change } : camera));
  }

  #linked(link: Link): void {
    if (!this.#isOn) return;
    this.#link = link;
    if (link.state === 'waiting') this.#retryAt = performance.now() + link.retryIn;
    if (link.state === 'open') {
      this.#refusal = null;
      this.#fallback = 0;
    }
    // Whether one has to log in, or only this way is closed, the list shows.
    if (this.#refused > 0 && !this.#fallback) void this.#list();
  }

  /** How many attempts in a row never got through. */
  get #refused(): number {
    return this.#link.state === 'waiting' ? this.#link.refused : 0;
  }

  /** Asks for the cameras, and again later, for as long as somebody looks. */
  async #list(): Promise<void> {
    clearTimeout(this.#listing);
    try {
      const cameras = await fetchCameras();
      const returned = !this.#reachable;
      this.#cameras = cameras;
      this.#listed = true;
      this.#reachable = true;
      await this.#lookForWay(returned);
    } catch (error) {
      if (error instanceof LoginNeeded) return this.logIn();
      this.#reachable = false;
    }
    this.#onChange();
    if (!this.#isOn) return;
    const isSoon = !this.#reachable || this.#cameras.length === 0 || this.#fallback > 0 || this.#refused >= REFUSED_ENOUGH;
    clearTimeout(this.#listing);
    this.#listing = window.setTimeout(() => void this.#list(), isSoon ? LIST_SOON_MS : LIST_MS);
  }

  /** The gateway answered; perhaps again, perhaps only this way: then the plain streams stand in. */
  async #lookForWay(returned: boolean): Promise<void> {
    const camera = this.#cameras[0];
    const isNeeded = this.#fallback ? returned : this.#refused >= REFUSED_ENOUGH;
    if (!camera || !isNeeded) return;
    this.#refusal = await refusalOf(`cameras/${camera.id}/stream`);
    // Streams that broke stand still without a word, so they are begun anew.
    if (!this.#refusal && this.#isOn && this.#link.state !== 'open') this.#fallback += 1;
  }
}

/** Null stands for all there are. */
function most(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : Math.max(one, other);
}

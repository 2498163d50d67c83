import { performance } from 'node:perf_hooks';
import { wallMicroseconds } from '../shared/clock.ts';
import { formatSmallWish, type SmallWish } from '../shared/contract.ts';
import type { Camera } from './camera.ts';
import { DarkPicture } from './dark-picture.ts';
import { busLost, type Darkness } from './darkness.ts';
import { isJpeg, Picture } from './picture.ts';
import { Rate } from './rate.ts';
import { patienceFor, silenceOf } from './silence.ts';
import { LAG_MS, SmallAudience } from './small-audience.ts';
import { Traffic } from './traffic.ts';
import type { Viewer } from './viewer.ts';

/** While no whole frame comes for so long, whoever waits for one is shown small ones, in ms. */
const STAND_IN_MS = 1_000;
/** The number of viewers is told at most so often, in ms: of a thousand that come at once not each hears of each. */
const COUNT_MS = 1_000;

/** One camera's newest picture and those who watch it. It knows nothing of the bus: the hub feeds it. */
export class Channel {
  readonly camera: Camera;
  readonly rate = new Rate();
  readonly traffic = new Traffic();
  readonly #viewers = new Set<Viewer>();
  readonly #onWanted: (viewers: number, small: SmallWish) => void;
  readonly #small = new SmallAudience();
  readonly #smallRate = new Rate();
  readonly #darkPicture: DarkPicture;
  #wanted = '0 0 0';
  #newest: Picture | null = null;
  /** When the newest whole frame came. */
  #newestAt = Number.NEGATIVE_INFINITY;
  /** When the last frame came, of whatever size, or else when the first viewer did. */
  #waitingSince = Number.NEGATIVE_INFINITY;
  #busTrouble: string | null = null;
  /** Whether viewers were told that frames do not come though they should. */
  #toldSilent = false;
  #told = { viewers: 0, at: Number.NEGATIVE_INFINITY };

  /** @param onWanted is told at each change how many viewers need whole frames, and who wants small ones */
  constructor(camera: Camera, onWanted: (viewers: number, small: SmallWish) => void) {
    this.camera = camera;
    this.#darkPicture = new DarkPicture(camera);
    this.#onWanted = onWanted;
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** Those who need whole frames: also whoever wants small ones while none come. */
  get wholeViewers(): number {
    return this.#viewers.size - (this.#small.spared?.size ?? 0);
  }

  /** Who wants small frames. */
  get smallWish(): SmallWish {
    return this.#small.wish;
  }

  /** Adds a viewer, who sees at once what there is to see; dispose of what is returned when it leaves. */
  watch(viewer: Viewer): Disposable {
    const now = performance.now();
    // There is a picture without a viewer only of a camera that is looked at now; it is as old as it is.
    if (this.#viewers.size === 0 && !this.#newest) this.#waitingSince = now;
    this.#viewers.add(viewer);
    this.#small.fit(viewer, this.camera.small, null, now);
    this.#tellWanted();
    const first = (this.#small.spared?.has(viewer) ? this.#small.newest : null) ?? this.#newest;
    const dark = this.#darkness(now);
    if (dark) viewer.show(this.#darkPicture.of(dark, now), now);
    else if (first) viewer.show(first, now);
    return {
      [Symbol.dispose]: () => {
        if (!this.#viewers.delete(viewer)) return;
        this.#small.leave(viewer);
        if (this.#viewers.size === 0 && !this.camera.sighting?.isLooking) this.#newest = null;
        this.#tellWanted();
      },
    };
  }

  /** A viewer's `room` is another one. */
  fit(viewer: Viewer): void {
    if (!this.#viewers.has(viewer)) return;
    this.#small.fit(viewer, this.camera.small, this.#newest, performance.now());
    this.#tellWanted();
  }

  /**
   * A frame from the bus: to every viewer, the same buffer. Bytes that are no JPEG are dropped and counted, and so is what was still
   * on its way when the camera was switched off.
   * @param isRetained the bus has kept it: a picture of who knows when, and no sign of life
   */
  receive(jpeg: Buffer, isRetained = false): void {
    const now = performance.now();
    const picture = this.#take(jpeg, isRetained, now);
    if (!picture) return;
    this.#newest = picture;
    this.#newestAt = now;
    this.rate.count(now);
    const { spared } = this.#small;
    for (const viewer of this.#viewers) if (!spared?.has(viewer)) viewer.show(picture, now);
  }

  /** A small frame from the bus: to those who want no larger one, and to those who wait for whole ones until these come. */
  receiveSmall(jpeg: Buffer, isRetained = false): void {
    const now = performance.now();
    const picture = this.#take(jpeg, isRetained, now);
    if (!picture) return;
    this.#smallRate.count(now);
    const isFirst = this.#small.spared === null;
    this.#small.receive(picture, this.#newest, now);
    if (isFirst) this.#tellWanted();
    const { spared } = this.#small;
    if (now - this.#newestAt < STAND_IN_MS || this.#isBehind(picture, now)) return;
    for (const viewer of this.#viewers) if (viewer.room && !spared?.has(viewer)) viewer.show(picture, now);
  }

  /** Is a small frame no newer than the whole one that was shown? Asked for a moment only, since a camera that begins anew counts anew. */
  #isBehind({ stamp }: Picture, now: number): boolean {
    const shown = this.#newest?.stamp;
    return Boolean(stamp && shown && stamp.seq <= shown.seq && now - this.#newestAt < STAND_IN_MS + LAG_MS);
  }

  /** The frames' topic was left: what came last is not the newest any more. */
  left(): void {
    this.#newest = null;
    this.camera.sighting?.left();
  }

  /** The camera's state, or the bus, has changed: viewers hear of it, and see it when it went dark. */
  changed(busTrouble: string | null): void {
    this.#busTrouble = busTrouble;
    // Whoever cannot see that a camera is switched off has to take it for that.
    if (busTrouble || !this.camera.online || this.camera.isOff) this.#newest = null;
    if (!this.#darkness(performance.now())) this.#darkPicture.ended();
    for (const viewer of this.#viewers) this.#small.fit(viewer, this.camera.small, this.#newest, performance.now());
    this.#tellWanted();
    for (const viewer of this.#viewers) viewer.tell?.();
    this.tick(performance.now());
  }

  /** Looks whether viewers need a placeholder; to be called a few times a second. */
  tick(now: number): void {
    this.#tellSilence(now);
    this.#tellViewers(now);
    this.#small.tick(now, 1000 / this.camera.promisedFps);
    this.#tellWanted();
    const dark = this.#viewers.size > 0 && this.#darkness(now);
    if (!dark || !this.#darkPicture.isDue(dark, now)) return;
    const picture = this.#darkPicture.turn(dark, now);
    for (const viewer of this.#viewers) viewer.show(picture, now);
  }

  /** Why there is nothing to show; null while frames come or may still come in time. */
  darkness(): Darkness | null {
    return this.#darkness(performance.now());
  }

  /** A whole frame that came at most `maxAge` ms ago, if there is one. */
  recent(maxAge: number): Picture | null {
    return this.#newest && performance.now() - this.#newestAt <= maxAge ? this.#newest : null;
  }

  /** The camera as `GET /cameras/{id}` shows it. */
  view() {
    const now = performance.now();
    const dark = this.#darkness(now);
    return {
      ...this.camera.view(this.#busTrouble),
      ...(dark && { ...dark, since: this.#darkPicture.since(dark) }),
      fps: this.#fps(now),
      viewers: this.#viewers.size,
    };
  }

  /** The camera is taken off the bus: its viewers are told why, and end. */
  remove(): void {
    for (const viewer of this.#viewers) {
      if (viewer.remove) viewer.remove();
      else viewer.end();
    }
  }

  /** Ends all viewers, as at a stop. */
  end(): void {
    for (const viewer of this.#viewers) viewer.end();
  }

  /** Why bytes from the bus are not passed on; null when they are. */
  #unfit(jpeg: Buffer, isRetained: boolean, now: number): keyof Traffic['dropped'] | null {
    const { isOff, sighting } = this.camera;
    if (isOff) return 'off';
    if (isRetained) return 'retained';
    return (sighting ? sighting.take(jpeg, now) : isJpeg(jpeg)) ? null : 'no-jpeg';
  }

  /** Of a camera that is only looked at, what was measured then. */
  #fps(now: number): number {
    const { sighting } = this.camera;
    if (!sighting) return this.rate.perSecond(now) || this.#smallRate.perSecond(now);
    return (this.#viewers.size > 0 && this.rate.perSecond(now)) || sighting.fps;
  }

  /** A picture came, whole or small; null when it is not passed on, which is counted. */
  #take(jpeg: Buffer, isRetained: boolean, now: number): Picture | null {
    const unfit = this.#unfit(jpeg, isRetained, now);
    if (unfit) {
      this.traffic.dropped[unfit]++;
      return null;
    }
    const receivedAt = wallMicroseconds();
    const picture = new Picture(jpeg, receivedAt);
    this.traffic.frames++;
    this.traffic.bytes += jpeg.length;
    this.traffic.takenAt = picture.takenAt;
    this.traffic.receivedAt = receivedAt;
    this.#waitingSince = now;
    this.#darkPicture.forget();
    this.#tellSilence(now);
    return picture;
  }

  #tellWanted(): void {
    const { wholeViewers, smallWish } = this;
    const wanted = `${wholeViewers} ${formatSmallWish(smallWish)}`;
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.#onWanted(wholeViewers, smallWish);
  }

  #darkness(now: number): Darkness | null {
    if (this.#busTrouble) return busLost(this.#busTrouble);
    return this.camera.darkness ?? (this.#isSilent(now) ? silenceOf(this.camera) : null);
  }

  /** Do frames not come though the camera says that they do? */
  #isSilent(now: number): boolean {
    const { darkness, isSighted } = this.camera;
    if (this.#busTrouble || this.#viewers.size === 0) return false;
    // Nobody but the gateway tells how such a camera is.
    if (darkness) return isSighted;
    return now - this.#waitingSince >= patienceFor(this.camera);
  }

  #tellSilence(now: number): void {
    if (this.#isSilent(now) === this.#toldSilent) return;
    this.#toldSilent = !this.#toldSilent;
    for (const viewer of this.#viewers) viewer.tell?.();
  }

  #tellViewers(now: number): void {
    const viewers = this.#viewers.size;
    if (viewers === this.#told.viewers || now - this.#told.at < COUNT_MS) return;
    this.#told = { viewers, at: now };
    for (const viewer of this.#viewers) viewer.count?.(viewers);
  }
}

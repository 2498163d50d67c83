/** The page: which camera is watched, what is shown of it, what the buttons do. */
import { type Camera, fetchCameras, LoginNeeded } from './camera.ts';
import { Chooser } from './chooser.ts';
import { FullScreen } from './full-screen.ts';
import { Picture } from './picture.ts';
import { saveSnapshot } from './snapshot.ts';
import { LOOK_MS, type Sight } from './status.ts';
import { find, View } from './view.ts';
import { Watch } from './watch.ts';

/** How often the list of cameras is asked for: in between, and while there is a reason to hope for something new. */
const LIST_MS = 15_000;
const LIST_SOON_MS = 2_000;

const view = new View();
const picture = new Picture(find('canvas', HTMLCanvasElement));
const fallback = find('fallback', HTMLImageElement);
const chooser = new Chooser(() => watchChoice());
let watch: Watch | null = null;
let reachable = true;
let listed = false;
let listing = 0;

/** Asks for the cameras, watches the one chosen, and asks again later, for as long as somebody looks. */
async function listCameras(): Promise<void> {
  clearTimeout(listing);
  try {
    const cameras = await fetchCameras();
    chooser.offer(cameras);
    listed = true;
    answered(cameras);
  } catch (error) {
    if (error instanceof LoginNeeded) return logIn();
    reachable = false;
  }
  show();
  if (document.hidden) return;
  const soon = !reachable || watch === null || watch.inFallback || watch.needsFallback;
  clearTimeout(listing);
  listing = window.setTimeout(() => void listCameras(), soon ? LIST_SOON_MS : LIST_MS);
}

/** The gateway answered; perhaps again, perhaps only this way. */
function answered(cameras: Camera[]): void {
  const returned = !reachable;
  reachable = true;
  watchChoice();
  const camera = cameras.find(({ id }) => id === watch?.id);
  if (!watch || !camera) return;
  if (watch.inFallback) watch.tell(camera);
  if (watch.inFallback ? returned : watch.needsFallback) void watch.fallBack();
}

function watchChoice(): void {
  const camera = chooser.choice;
  view.name(camera);
  if (!camera || camera.id === watch?.id) return;
  watch?.stop();
  watch = new Watch(camera, picture, fallback, { onChange, onLoginNeeded: logIn });
  if (!document.hidden) watch.start();
}

function onChange(): void {
  // A browser does not tell why a WebSocket was refused: whether one has to log in, or only this way is closed, the list shows.
  if (watch && watch.refused > 0 && !watch.inFallback) void listCameras();
  show();
}

function show(): void {
  view.show(watch ? watch.sight(reachable) : nothingToSee());
}

function nothingToSee(): Sight {
  const link = listed ? ({ state: 'open' } as const) : ({ state: 'connecting' } as const);
  return { camera: null, reachable, link, fallback: false, picture: null, fps: null, now: null, retryIn: 0 };
}

function logIn(): void {
  watch?.pause();
  location.assign('login');
}

async function snapshot(): Promise<void> {
  if (!watch) return;
  try {
    view.toast(`Saved ${await saveSnapshot(watch.id, watch.sight(reachable).now ?? Date.now())}`);
  } catch (error) {
    if (error instanceof LoginNeeded) return logIn();
    view.toast(`No snapshot: ${error instanceof Error ? error.message : error}`);
  }
}

const full = find('full', HTMLButtonElement);
const fullScreen = new FullScreen(find('app', HTMLElement), (isFull) => full.setAttribute('aria-pressed', String(isFull)));
full.addEventListener('click', () => void fullScreen.toggle());
find('stage', HTMLElement).addEventListener('dblclick', () => void fullScreen.toggle());
find('snapshot', HTMLButtonElement).addEventListener('click', () => void snapshot());

document.addEventListener('keydown', ({ key, target, ctrlKey, metaKey, altKey, repeat }) => {
  if (ctrlKey || metaKey || altKey || repeat || target instanceof HTMLSelectElement) return;
  if (key === 'f') void fullScreen.toggle();
  if (key === 's') void snapshot();
});

document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    watch?.pause();
    return;
  }
  watch?.start();
  void listCameras();
});
addEventListener('online', () => watch?.start());

window.setInterval(() => {
  if (!document.hidden) show();
}, LOOK_MS);
void listCameras();

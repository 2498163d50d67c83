import type { News, Order, Surface } from './messages.ts';
import { play } from './video.ts';

/** A worker that has not said a word after so long never will, in ms. */
const START_MS = 4_000;

type Plain = Exclude<Order, { do: 'draw' }>;

export interface FeedLine {
  order(order: Plain): void;
  /** Has a camera drawn on this element, and tells how to leave it. */
  draw(id: string, element: Picture): () => void;
}

/** An element that pictures are drawn on. */
export type Picture = HTMLCanvasElement | HTMLVideoElement;

interface Receiver {
  send: (order: Order) => void;
  /** What the feed draws on, of a canvas. */
  hand: (canvas: HTMLCanvasElement) => Surface;
}

/**
 * Starts the feed in a worker, or, where a browser has none that draws, on this thread. What is asked of it before it is known which is
 * kept until then: that are a few canvases and wishes, of one moment.
 */
export function startFeed(url: string, tell: (news: News) => void): FeedLine {
  let receiver: Receiver | null = null;
  const kept: ((receiver: Receiver) => void)[] = [];
  const pass = (deed: (receiver: Receiver) => void) => {
    if (receiver) deed(receiver);
    else kept.push(deed);
  };
  findReceiver(url, tell, (found) => {
    receiver = found;
    for (const deed of kept.splice(0)) deed(found);
  });
  let keys = 0;
  return {
    order: (order) => pass(({ send }) => send(order)),
    draw: (id, element) => {
      const key = ++keys;
      pass(({ send, hand }) => send({ do: 'draw', id, key, surface: element instanceof HTMLVideoElement ? play(element) : hand(element) }));
      return () => pass(({ send }) => send({ do: 'leave', id, key }));
    },
  };
}

function findReceiver(url: string, tell: (news: News) => void, found: (receiver: Receiver) => void): void {
  let isSettled = false;
  const settle = (receiver: () => Receiver) => {
    if (isSettled) return;
    isSettled = true;
    found(receiver());
  };
  const here = async () => {
    const { Feed } = await import('./feed.ts');
    settle(() => {
      const feed = new Feed(url, tell);
      return { send: (order: Order) => feed.take(order), hand: (canvas: HTMLCanvasElement) => canvas };
    });
  };
  const script = document.querySelector<HTMLLinkElement>('#worker')?.href;
  if (!script || typeof Worker === 'undefined' || !('transferControlToOffscreen' in HTMLCanvasElement.prototype)) {
    void here();
    return;
  }
  const worker = new Worker(script);
  const giveUp = () => {
    if (isSettled) return;
    worker.terminate();
    void here();
  };
  worker.addEventListener('error', giveUp);
  setTimeout(giveUp, START_MS);
  worker.addEventListener('message', ({ data }: MessageEvent<News>) => {
    if (data.is === 'ready')
      settle(() => ({
        send: (order) => worker.postMessage(order, order.do === 'draw' ? [order.surface as OffscreenCanvas | WritableStream] : []),
        hand: (canvas) => canvas.transferControlToOffscreen(),
      }));
    else if (isSettled) tell(data);
  });
  worker.postMessage(url);
}

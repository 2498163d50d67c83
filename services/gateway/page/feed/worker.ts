/** The feed in a worker: the first message is its address, every further one an order. */
import { Feed } from './feed.ts';
import type { News, Order } from './messages.ts';

let feed: Feed | null = null;

addEventListener('message', ({ data }: MessageEvent<string | Order>) => {
  if (typeof data === 'string') feed = new Feed(data, (news: News) => postMessage(news));
  else feed?.take(data);
});

import type { Bus } from '../shared/bus.ts';
import { cameraTopics, formatSmallWish } from '../shared/contract.ts';
import { Camera } from './camera.ts';
import { Channel } from './channel.ts';
import { Commands } from './command.ts';

/**
 * One camera: its channel, the commands to it, and its own connection to the bus, since a Last Will covers one topic (the camera's
 * `viewers/{gateway}`).
 */
export interface Line {
  channel: Channel;
  commands: Commands;
  bus: Bus;
  /** Subscribes to the frames, whole and small ones, or leaves them, as they are wanted now. */
  listen(): void;
}

export interface LineOptions {
  prefix: string;
  /** Where the number of viewers is told. */
  viewersTopic: string;
  /** Where it is told who wants small frames. */
  smallViewersTopic: string;
  /** Whether all cameras together have as many commands under way as they may. */
  isBusy: () => boolean;
}

/**
 * Tells on `bus` how many viewers the camera has, and subscribes to its frames only while some of them want those, once for all of them,
 * or while a camera that tells nothing of itself is looked at.
 */
export function openLine(id: string, bus: Bus, { prefix, viewersTopic, smallViewersTopic, isBusy }: LineOptions): Line {
  const topics = cameraTopics(prefix, id);
  bus.announce(viewersTopic, '0');
  // What a gateway that ended without a word has left: a Last Will covers one topic.
  bus.announce(smallViewersTopic, '');
  let subscribed = false;
  let hasSmall = false;
  const listenSmall = () => {
    const wanted = channel.smallWish.viewers > 0;
    if (hasSmall === wanted) return;
    hasSmall = wanted;
    if (wanted) bus.subscribe(topics.small, ({ payload, retain }) => channel.receiveSmall(payload, retain));
    else bus.unsubscribe(topics.small);
  };
  const listen = () => {
    listenSmall();
    const wanted = channel.wholeViewers > 0 || channel.camera.sighting?.isLooking === true;
    if (subscribed === wanted) return;
    subscribed = wanted;
    if (wanted) {
      bus.subscribe(topics.frame, ({ payload, retain }) => {
        channel.receive(payload, retain);
        if (channel.camera.sighting) listen();
      });
    } else {
      bus.unsubscribe(topics.frame);
      channel.left();
    }
  };
  const channel = new Channel(new Camera(id), (viewers, small) => {
    listen();
    bus.announce(viewersTopic, String(viewers));
    bus.announce(smallViewersTopic, small.viewers > 0 ? formatSmallWish(small) : '');
  });
  return { channel, commands: new Commands(bus, topics, isBusy), bus, listen };
}

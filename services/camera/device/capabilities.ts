/** What a V4L2 device says of itself: the shapes, no code. */

export interface Capabilities {
  /** `uvcvideo`. */
  driver: string;
  /** The device's own name. */
  card: string;
  /** `usb-0000:01:00.0-1.4`. */
  bus: string;
  /** It gives pictures (V4L2_CAP_VIDEO_CAPTURE, or its multi-planar kind); a webcam's second node gives metadata only. */
  capture: boolean;
  formats: PixelFormat[];
  controls: Control[];
}

export interface PixelFormat {
  /** `MJPG`, `YUYV`. */
  fourcc: string;
  sizes: FrameSize[];
}

export interface FrameSize {
  width: number;
  height: number;
  /** Frames a second, highest first; empty where the device does not tell. */
  rates: number[];
}

export interface Control {
  /** As v4l2-ctl writes it: `exposure_time_absolute`. */
  name: string;
  type: 'int' | 'int64' | 'bool' | 'menu' | 'intmenu' | 'bitmask' | 'button' | 'string';
  min: number;
  max: number;
  step: number;
  default: number;
  /** Null for a button, for what can only be written, and for a string, whose value is `text`. */
  value: number | null;
  text: string | null;
  /** For menus: what can be chosen; numbers as text for an integer menu. */
  menu: { index: number; text: string }[];
  readOnly: boolean;
  inactive: boolean;
}

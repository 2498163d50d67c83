#!/bin/sh
# Builds ffmpeg from Debian's source package into $1/bin, with what services/camera/job.ts asks of it and no more. One form that a camera may
# give is one line here; test/containers tries them.
set -eu
out=$1
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends dpkg-dev gcc libc6-dev make pkgconf libssl-dev nasm >/dev/null
apt-get source -qq ffmpeg >/dev/null
cd ffmpeg-*/
version=$(dpkg-parsechangelog -S Version)

# The hardening of Debian's own packages.
cflags=$(dpkg-buildflags --get CFLAGS) ldflags=$(dpkg-buildflags --get LDFLAGS) cppflags=$(dpkg-buildflags --get CPPFLAGS)

enable() {
  kind=$1
  shift
  for name in "$@"; do printf ' --enable-%s=%s' "$kind" "$name"; done
}

# shellcheck disable=SC2046 # one option a word
./configure --prefix="$out" --extra-cflags="$cflags $cppflags" --extra-ldflags="$ldflags" --extra-version="${version#*-}" \
  --disable-everything --disable-autodetect --disable-debug --disable-doc --disable-ffplay --disable-ffprobe --disable-swresample \
  --enable-openssl --enable-version3 \
  $(enable indev v4l2 lavfi) \
  $(enable protocol file pipe tcp udp rtp tls http https httpproxy) \
  $(enable demuxer concat rtsp sdp rtp mjpeg mpjpeg image_jpeg_pipe mov matroska avi mpegts flv h264 hevc) \
  $(enable decoder mjpeg h264 hevc mpeg4 mpeg2video vp8 vp9 rawvideo wrapped_avframe) \
  $(enable parser mjpeg h264 hevc mpeg4video mpegvideo vp8 vp9) \
  $(enable bsf h264_mp4toannexb hevc_mp4toannexb) \
  $(enable encoder mjpeg) \
  $(enable muxer mpjpeg) \
  $(enable filter testsrc2 scale format fps null) \
  || { tail -20 ffbuild/config.log; exit 1; }
make -j"$(nproc)" ffmpeg >make.log 2>&1 || { tail -20 make.log; exit 1; }
install -D -m 755 ffmpeg "$out/bin/ffmpeg"
strip "$out/bin/ffmpeg"

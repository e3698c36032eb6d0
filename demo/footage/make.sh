#!/bin/sh
# Draws the demo footage from nothing but ffmpeg's own generators (Debian: apt-get install ffmpeg).
# Usage: demo/footage/make.sh
set -eu
cd "$(dirname "$0")"

FRAMES_PER_SECOND=25
SECONDS_LONG=30
FONT=/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf

# The running frame number and timecode make a missing or repeated frame visible to the eye.
counter="drawtext=fontfile=$FONT:fontsize=h/9:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=8:x=(w-tw)/2"
label="$counter:y=h*0.66:text='frame %{frame_num}',$counter:y=h*0.82:timecode='00\:00\:00\:00':rate=$FRAMES_PER_SECOND:text=''"

# encode NAME VIDEO_SOURCE AUDIO_SOURCE VIDEO_KBPS
# A key frame every 2 seconds and closed groups of pictures: every fragment can be decoded on its own.
encode() {
  ffmpeg -hide_banner -loglevel error -y \
    -f lavfi -i "$2,$label,format=yuv420p" -f lavfi -i "$3" -t "$SECONDS_LONG" \
    -c:v libx264 -profile:v high -preset veryslow -bf 2 \
    -x264-params "keyint=$((2 * FRAMES_PER_SECOND)):min-keyint=$((2 * FRAMES_PER_SECOND)):scenecut=0:open-gop=0:threads=1" \
    -b:v "$4k" -maxrate "$(($4 * 2))k" -bufsize "$(($4 * 2))k" \
    -c:a aac -b:a 48k -ar 48000 -ac 1 \
    -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -map_metadata -1 "$1"
}

# A test card with a short beep on every second.
encode clock.mkv \
  "testsrc=size=640x360:rate=$FRAMES_PER_SECOND" \
  "aevalsrc=exprs='0.3*sin(2*PI*880*t)*lt(mod(t,1),0.1)+0.05*sin(2*PI*220*t)':sample_rate=48000" \
  200

# Moss that grows over a dark field (Conway's Game of Life), with a low hum.
encode garden.mkv \
  "life=size=80x45:rate=$FRAMES_PER_SECOND:seed=7:ratio=0.25:mold=30:life_color=#a8e063:death_color=#14261a:mold_color=#2f5d3a,scale=480:270:flags=neighbor" \
  "sine=frequency=165:sample_rate=48000" \
  120

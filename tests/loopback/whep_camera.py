"""A camera that speaks WHEP (WebRTC-HTTP egress): to whoever makes an offer, a video of one colour is sent.

Real ICE, DTLS, SRTP and VP8, by aiortc, on its own event loop.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from aiortc import RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from av import VideoFrame

from tests.loopback.listener import Asked, Said, listening

COLOUR = (20, 160, 60)  # red, green, blue
_WIDTH, _HEIGHT = 320, 180
_WITHIN_S = 30.0


class _Colour(VideoStreamTrack):
    """Frames of one colour, as often as the library's clock says."""

    _frame = VideoFrame.from_ndarray(np.full((_HEIGHT, _WIDTH, 3), COLOUR, np.uint8), format="rgb24")

    async def recv(self) -> VideoFrame:
        frame = self._frame
        frame.pts, frame.time_base = await self.next_timestamp()
        return frame


class _Peers:
    """Everybody who watches."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._all: list[RTCPeerConnection] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="whep-camera")
        self._thread.start()

    def answer(self, offer: str) -> str:
        return asyncio.run_coroutine_threadsafe(self._answer(offer), self._loop).result(_WITHIN_S)

    async def _answer(self, offer: str) -> str:
        peer = RTCPeerConnection()
        self._all.append(peer)
        peer.addTrack(_Colour())
        await peer.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        return peer.localDescription.sdp

    async def _leave(self) -> None:
        await asyncio.gather(*(peer.close() for peer in self._all))

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._leave(), self._loop).result(_WITHIN_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def whep_camera() -> Iterator[str]:
    """The address that takes offers."""
    peers = _Peers()

    def answer(asked: Asked) -> Said:
        if asked.headers["content-type"] != "application/sdp":
            return Said(status=415)
        headers = {"Content-Type": "application/sdp", "Location": "/whep/1"}
        return Said(status=201, body=peers.answer(asked.body.decode()).encode(), headers=headers)

    try:
        with listening(answer) as camera:
            yield f"{camera.url}/whep"
    finally:
        peers.close()

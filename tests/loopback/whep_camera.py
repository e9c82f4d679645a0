"""A camera that speaks WHEP (WebRTC-HTTP egress): to whoever makes an offer, a video of one colour is sent.

Real ICE, DTLS, SRTP and VP8, by aiortc, on its own event loop.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from aiortc import RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from av import VideoFrame

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

    class Camera(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            offer = self.rfile.read(int(self.headers["Content-Length"])).decode()
            taken = self.headers["Content-Type"] == "application/sdp"
            body = peers.answer(offer).encode() if taken else b""
            self.send_response(201 if taken else 415)
            self.send_header("Content-Type", "application/sdp")
            self.send_header("Location", "/whep/1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *told: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/whep"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        peers.close()

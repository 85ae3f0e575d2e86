"""Ask a witness to cosign (请求见证), over HTTP as C2SP tlog-witness says; it may be away for days without harm."""

import logging

import httpx

from app.application.bounded_answer import bounded
from app.application.keep_trail import Prove
from app.trail.note import BadNote, Note, Signature, Verifier, read_checkpoint, read_signatures, verified_by
from app.trail.proof_file import proof_lines

log = logging.getLogger("mingjian")

_PATIENCE = 5.0  # seconds
_LARGEST = 64 * 1024  # bytes of an answer; a cosignature has some hundred
_TRIES = 2  # a second where it remembers another size than we thought


class HttpWitness:
    def __init__(self, url: str, key: Verifier) -> None:
        """`key` is the witness's public key: what it does not sign with that is not taken."""
        self.name, self._key = key.name, key
        self._url, self._seen = url.rstrip("/"), 0

    async def cosign(self, note: Note, prove: Prove) -> Signature | None:
        checkpoint = read_checkpoint(note.text)
        try:
            async with httpx.AsyncClient(timeout=_PATIENCE, trust_env=False) as client:
                for _ in range(_TRIES):
                    proof = await prove(self._seen, checkpoint.size)
                    body = f"old {self._seen}\n{proof_lines(proof)}\n{note.encode()}"
                    address, content = f"{self._url}/add-checkpoint", body.encode()
                    answer = await bounded(client, "POST", address, most=_LARGEST, seconds=_PATIENCE, content=content)
                    if answer.status_code == 200:
                        return self._signature(note, answer.text, checkpoint.size)
                    if answer.status_code != 409 or not self._learn(answer.text, checkpoint.size):
                        told = answer.text[:200]
                        log.error("witness %s refuses the checkpoint: %s %s", self.name, answer.status_code, told)
                        return None
        except (httpx.HTTPError, ValueError) as error:
            log.warning("witness %s does not cosign: %s", self.name, type(error).__name__)
        return None

    def _learn(self, told: str, size: int) -> bool:
        """Whether it remembers a size from which this checkpoint can be proved."""
        text = told.strip()
        if not (text.isascii() and text.isdecimal()) or len(text) > 20 or int(text) > size or int(text) == self._seen:
            return False
        self._seen = int(text)
        return True

    def _signature(self, note: Note, lines: str, size: int) -> Signature | None:
        try:
            for one in read_signatures(lines):
                if verified_by(Note(note.text, (one,)), [self._key]):
                    self._seen = size
                    return one
        except BadNote as error:
            log.error("witness %s answers what is no cosignature: %s", self.name, error)
        return None

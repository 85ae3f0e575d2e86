"""The trail's keeper as the settings ask for it (存证配置)."""

from app.application.ask_witness import HttpWitness
from app.application.keep_trail import TrailKeeper
from app.application.trail_keys import trail_signers
from app.settings import Settings
from app.store.trail import TrailStore
from app.trail.keys import read_verifier


def trail_keeper(store: TrailStore, settings: Settings) -> TrailKeeper:
    """Raises BadNote for keys that are none."""
    signers = trail_signers(
        settings.trail_dir, settings.trail_origin, settings.trail_key_file, settings.trail_sm2_key_file
    )
    witnesses = [HttpWitness(one["url"], read_verifier(one["key"])) for one in settings.trail_witnesses]
    return TrailKeeper(store, signers[0].name, signers, witnesses)

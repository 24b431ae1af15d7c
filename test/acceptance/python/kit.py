"""What the modules share: where the server is, apps that end with their class, waits that have an end."""

import logging
import os
import tempfile
import time
import unittest
from pathlib import Path

URL = os.environ['LIMPID_URL']
"""Plaintext origin of the server; it is also what the SDK reads as its default base."""
TLS_URL = os.environ['LIMPID_TLS_URL']
PAT = os.environ['LIMPID_PAT']
USER = os.environ['LIMPID_USER']
MEDIA = os.environ['LIMPID_MEDIA_URL']
DOGS = Path(os.environ['LIMPID_PHOTOS']) / 'dog'
PLATFORMS = Path(os.environ['LIMPID_PHOTOS']) / 'platform'
AUTH = {'pat': PAT, 'base_url': URL}
HOST, PORT = URL.removeprefix('http://').split(':')
DEADLINE_S = 60

# The SDK tells of every step.
logging.disable(logging.INFO)

from clarifai.client.app import App  # noqa: E402 (after the environment was looked at)
from clarifai.client.model import Model  # noqa: E402
from clarifai.client.user import User  # noqa: E402


def photo(folder: Path = DOGS, at: int = 0) -> Path:
    """One of the pictures of a folder."""
    return sorted(folder.iterdir())[at]


def public_model(model_id: str, **kwargs) -> Model:
    return Model(f'https://clarifai.com/clarifai/main/models/{model_id}', **AUTH, **kwargs)


def until(ask, is_done):
    """Asks again until the answer is as it should be, which every job of the server comes to."""
    end = time.monotonic() + DEADLINE_S
    while True:
        answer = ask()
        if is_done(answer):
            return answer
        if time.monotonic() > end:
            raise AssertionError(f'after {DEADLINE_S} s still {answer}')
        time.sleep(0.05)


class AppCase(unittest.TestCase):
    """Tests in an app of their own, made on `workflow`."""

    workflow = 'Empty'
    app: App

    @classmethod
    def setUpClass(cls):
        cls.user = User(user_id=USER, **AUTH)
        cls.app_id = f'py-{cls.__name__}'.lower()
        cls.app = cls.user.create_app(app_id=cls.app_id, base_workflow=cls.workflow)
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))

    @classmethod
    def processed(cls, *input_ids: str):
        """The inputs, once the server has looked at them."""
        inputs = cls.app.inputs()
        ask = lambda: [inputs.get_input(input_id) for input_id in input_ids]  # noqa: E731
        return until(ask, lambda found: all(one.status.code not in (30001, 30003) for one in found))

"""The SDK's local runner: `clarifai model local-runner` serves a Python model, which other clients then call."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from clarifai.client.model import Model

from kit import AUTH, PAT, URL, USER, until

CONFIG = """
model: { id: echo, app_id: own-models, model_type_id: any-to-any }
build_info: { python_version: '3.11' }
inference_compute_info: { cpu_limit: '1', cpu_memory: 1Gi }
"""

CODE = """
from typing import Iterator
from clarifai.runners.models.model_class import ModelClass


class Echo(ModelClass):
  def load_model(self):
    self.greeting = 'Hello '

  @ModelClass.method
  def predict(self, prompt: str) -> str:
    return self.greeting + prompt

  @ModelClass.method
  def generate(self, prompt: str, count: int = 3) -> Iterator[str]:
    for at in range(count):
      yield f'{prompt} {at}'

  @ModelClass.method
  def stream(self, prompts: Iterator[str]) -> Iterator[str]:
    for prompt in prompts:
      yield prompt.upper()

  @ModelClass.method
  def fail(self, prompt: str) -> str:
    raise ValueError('no ' + prompt)
"""


class LocalRunner(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        here = Path(folder.name)
        (here / 'model' / '1').mkdir(parents=True)
        (here / 'model' / 'config.yaml').write_text(CONFIG)
        (here / 'model' / 'requirements.txt').write_text('clarifai\n')
        (here / 'model' / '1' / 'model.py').write_text(CODE)
        env = {
            **os.environ,
            'HOME': folder.name,
            'CLARIFAI_API_BASE': URL,
            'CLARIFAI_USER_ID': USER,
            'CLARIFAI_PAT': PAT,
        }
        log = (here / 'log').open('w')
        cls.addClassCleanup(log.close)
        command = [str(Path(sys.executable).parent / 'clarifai'), 'model', 'local-runner', '-v', str(here / 'model')]
        cls.runner = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        cls.addClassCleanup(cls.runner.wait)
        cls.addClassCleanup(os.killpg, cls.runner.pid, signal.SIGKILL)
        until(lambda: cls.log_of(here), lambda text: re.search(r'Starting \d+ threads', text))

    @classmethod
    def log_of(cls, here: Path) -> str:
        text = (here / 'log').read_text()
        if cls.runner.poll() is not None:
            raise AssertionError(f'the runner has ended: {text}')
        return text

    def models(self):
        address = f'https://clarifai.com/{USER}/own-models/models/echo'
        yield Model(address, **AUTH)
        yield Model(address, deployment_id='local-echo', deployment_user_id=USER, **AUTH)

    def test_a_method_answers(self):
        for model in self.models():
            self.assertEqual(model.predict(prompt='World'), 'Hello World')

    def test_a_method_answers_in_pieces(self):
        for model in self.models():
            self.assertEqual(list(model.generate(prompt='x', count=4)), ['x 0', 'x 1', 'x 2', 'x 3'])

    def test_a_method_answers_a_stream(self):
        for model in self.models():
            self.assertEqual(list(model.stream(prompts=iter(['a', 'b', 'c']))), ['A', 'B', 'C'])

    def test_what_the_model_throws_is_told(self):
        for model in self.models():
            with self.assertRaisesRegex(Exception, 'no way'):
                model.fail(prompt='way')

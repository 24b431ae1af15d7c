"""The raw client over each of its channels, and the OpenAI and command line clients of Python."""

import asyncio
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from clarifai_grpc.channel.clarifai_channel import ClarifaiChannel
from clarifai_grpc.grpc.api import resources_pb2, service_pb2, service_pb2_grpc
from openai import AuthenticationError, OpenAI

from kit import HOST, PAT, PORT, TLS_URL, URL, USER, Model, photo, until

METADATA = (('authorization', f'Key {PAT}'),)
MAIN = resources_pb2.UserAppIDSet(user_id='clarifai', app_id='main')
CHAT = f'{USER}/talk/models/chat'


def stub(channel) -> service_pb2_grpc.V2Stub:
    return service_pb2_grpc.V2Stub(channel)


def picture(**more) -> resources_pb2.Input:
    image = resources_pb2.Image(base64=photo().read_bytes())
    return resources_pb2.Input(data=resources_pb2.Data(image=image, **more))


def outputs_request() -> service_pb2.PostModelOutputsRequest:
    return service_pb2.PostModelOutputsRequest(user_app_id=MAIN, model_id='general-image-recognition', inputs=[picture()])


class Raw(unittest.TestCase):
    """What must hold whichever channel carries it."""

    def every(self):
        yield 'grpc', stub(ClarifaiChannel.get_insecure_grpc_channel(HOST, int(PORT)))
        yield 'tls', stub(ClarifaiChannel.get_grpc_channel(TLS_URL.removeprefix('https://')))
        yield 'json', stub(ClarifaiChannel.get_json_channel(URL))

    def test_every_channel_predicts_the_same(self):
        answers = [client.PostModelOutputs(outputs_request(), metadata=METADATA) for _, client in self.every()]
        seen = [[(concept.id, concept.value) for concept in one.outputs[0].data.concepts] for one in answers]
        self.assertEqual([seen[1], seen[2]], [seen[0], seen[0]])

    def test_errors_travel_in_the_answer(self):
        for name, client in self.every():
            with self.subTest(name):
                request = service_pb2.ListModelsRequest(user_app_id=MAIN)
                refused = client.ListModels(request, metadata=(('authorization', 'Key nobody'),)).status
                self.assertEqual(refused.code, 11008)
                self.assertEqual(refused.description, 'Invalid API key or Invalid API key/application pair')
                missing = service_pb2.GetModelRequest(user_app_id=MAIN, model_id='nothing')
                self.assertEqual(client.GetModel(missing, metadata=METADATA).status.code, 21200)

    def test_an_app_from_its_making_to_its_end(self):
        me = resources_pb2.UserAppIDSet(user_id='me')
        for name, client in self.every():
            with self.subTest(name):
                ask = lambda rpc, **fields: getattr(client, rpc)(  # noqa: E731
                    getattr(service_pb2, f'{rpc}Request')(**fields), metadata=METADATA
                )
                place = resources_pb2.UserAppIDSet(user_id='me', app_id=f'raw-{name}')
                general = resources_pb2.Workflow(id='General', user_id='clarifai', app_id='main')
                app = resources_pb2.App(id=f'raw-{name}', default_workflow=general)
                self.assertEqual(ask('PostApps', user_app_id=me, apps=[app]).status.code, 10000)

                concept = resources_pb2.Concept(id='gut', name='schön 狗')
                ask('PostConcepts', user_app_id=place, concepts=[concept])
                found = ask('GetConcept', user_app_id=place, concept_id='gut').concept
                self.assertEqual((found.name, found.value), ('schön 狗', 1))

                labelled = picture(concepts=[resources_pb2.Concept(id='gut', value=1)])
                labelled.id = 'one'
                self.assertEqual(ask('PostInputs', user_app_id=place, inputs=[labelled]).status.code, 10000)
                get = lambda: ask('GetInput', user_app_id=place, input_id='one').input  # noqa: E731
                self.assertEqual(until(get, lambda one: one.status.code not in (30001, 30003)).status.code, 30000)
                listed = ask('ListInputs', user_app_id=place, ids=['one', 'none'], page=1, per_page=5)
                self.assertEqual([one.id for one in listed.inputs], ['one'])

                box = resources_pb2.BoundingBox(top_row=0.1, left_col=0.1, bottom_row=0.5, right_col=0.5)
                region = resources_pb2.Region(region_info=resources_pb2.RegionInfo(bounding_box=box))
                note = resources_pb2.Annotation(input_id='one', data=resources_pb2.Data(regions=[region]))
                self.assertEqual(ask('PostAnnotations', user_app_id=place, annotations=[note]).status.code, 10000)

                rank = resources_pb2.Rank(annotation=resources_pb2.Annotation(data=picture().data))
                search = resources_pb2.Search(query=resources_pb2.Query(ranks=[rank]))
                hits = ask('PostInputsSearches', user_app_id=place, searches=[search]).hits
                self.assertEqual([hit.input.id for hit in hits], ['one'])

                results = ask('PostWorkflowResults', user_app_id=place, workflow_id='General', inputs=[picture()])
                self.assertEqual(results.results[0].status.code, 10000)
                self.assertEqual(ask('DeleteApp', user_app_id=place).status.code, 10000)

    def test_streams_and_async(self):
        [(_, plain), *_] = self.every()
        self.assertEqual(len(list(plain.GenerateModelOutputs(outputs_request(), metadata=METADATA))), 1)
        both = plain.StreamModelOutputs(iter([outputs_request(), outputs_request()]), metadata=METADATA)
        self.assertEqual([one.status.code for one in both], [10000, 10000])

        async def by_aio():
            async with ClarifaiChannel.get_aio_insecure_grpc_channel(HOST, int(PORT)) as channel:
                client = stub(channel)
                calls = [client.PostModelOutputs(outputs_request(), metadata=METADATA) for _ in range(4)]
                answers = await asyncio.gather(*calls)
                streamed = [one async for one in client.GenerateModelOutputs(outputs_request(), metadata=METADATA)]
                return [one.status.code for one in [*answers, *streamed]]

        self.assertEqual(asyncio.run(by_aio()), [10000] * 5)

    def test_the_sdk_over_tls(self):
        trusted = os.environ['LIMPID_CERTIFICATE']
        where = 'https://clarifai.com/clarifai/main/models/general-image-recognition'
        model = Model(where, pat=PAT, base_url=TLS_URL, root_certificates_path=trusted)
        self.assertEqual(model.predict_by_bytes(photo().read_bytes(), 'image').status.code, 10000)
        by_token = Model(where, token=PAT, base_url=TLS_URL, root_certificates_path=trusted)
        self.assertEqual(by_token.predict_by_bytes(photo().read_bytes(), 'image').status.code, 10000)


class OpenAiClient(unittest.TestCase):
    client = OpenAI(base_url=f'{URL}/v2/ext/openai/v1', api_key=PAT, max_retries=0)

    def test_models_chat_stream_and_embeddings(self):
        self.assertIn('clarifai/main/models/multilingual-text-embedding', [model.id for model in self.client.models.list()])
        messages = [{'role': 'user', 'content': 'hello you'}]
        for model in (CHAT, f'https://clarifai.com/{CHAT}'):
            answer = self.client.chat.completions.create(model=model, messages=messages)
            self.assertEqual(answer.choices[0].message.content, 'user: hello you')
        stream = self.client.chat.completions.create(model=CHAT, messages=messages, stream=True)
        pieces = [event.choices[0].delta.content or '' for event in stream if event.choices]
        self.assertEqual(''.join(pieces), 'user: hello you')
        self.assertGreater(len(pieces), 1)
        self.assertEqual(self.client.responses.create(model=CHAT, input='hello you').output_text, 'user: hello you')
        vectors = self.client.embeddings.create(model='clarifai/main/models/multilingual-text-embedding', input=['a dog', 'b'])
        self.assertEqual([len(one.embedding) for one in vectors.data], [384, 384])

    def test_a_wrong_key(self):
        with self.assertRaises(AuthenticationError):
            OpenAI(base_url=f'{URL}/v2/ext/openai/v1', api_key='nobody', max_retries=0).models.list()


class CommandLine(unittest.TestCase):
    def test_log_in_and_look_around(self):
        with tempfile.TemporaryDirectory() as home:
            # The command line takes the address from its context or from the environment, depending on the command.
            env = {'HOME': home, 'PATH': os.environ['PATH'], 'CLARIFAI_API_BASE': URL}
            run = lambda *args: self._run(args, env)  # noqa: E731
            self.assertIn(f'Logged in as {USER}', run('login', '--pat', PAT, URL))
            self.assertIn(USER, run('whoami'))
            run('app', 'create', 'by-command')
            self.assertIn('by-command', run('app', 'list'))
            self.assertIn('general-image-recognition', run('model', 'list', 'clarifai'))
            shown = run('model', 'predict', 'clarifai/main/models/sentiment-english-vader', 'What a lovely day')
            self.assertIn('positive', shown)

    def _run(self, args, env) -> str:
        command = Path(sys.executable).parent / 'clarifai'
        done = subprocess.run([command, *args], env=env, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout + done.stderr

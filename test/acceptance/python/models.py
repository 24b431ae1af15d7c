"""Predictions, training, evaluation and export by the Python SDK; workflows as YAML."""

import asyncio
import contextlib

import yaml
from clarifai.client.app import App
from clarifai.client.input import Inputs
from clarifai.client.model import Model
from clarifai.client.workflow import Workflow
from clarifai.runners.utils.data_types import Image
from clarifai_grpc.grpc.api import resources_pb2

from kit import AUTH, DOGS, MEDIA, PLATFORMS, USER, AppCase, photo, public_model, until

FACES = '6dc7e46bc9124c5c8824be4822abe105'
CROPS = 'b9987421b40a46649566826ef9325303'


def names(response) -> list:
    return [concept.name for concept in response.outputs[0].data.concepts]


class Predictions(AppCase):
    def test_urls_bytes_and_files_give_the_same(self):
        model = public_model('general-image-recognition')
        by_bytes = model.predict_by_bytes(photo().read_bytes(), input_type='image')
        self.assertIn('person', names(by_bytes))
        self.assertEqual(names(model.predict_by_url(f'{MEDIA}/dog.jpg')), names(by_bytes))
        self.assertEqual(names(model.predict_by_filepath(str(photo()))), names(by_bytes))

    def test_what_is_asked_of_the_output(self):
        model = public_model('general-image-recognition')
        content = photo().read_bytes()
        self.assertEqual(len(names(model.predict_by_bytes(content, output_config={'max_concepts': 2}))), 2)
        chosen = [resources_pb2.Concept(name='dog'), resources_pb2.Concept(name='cat')]
        self.assertEqual(sorted(names(model.predict_by_bytes(content, output_config={'select_concepts': chosen}))), ['cat', 'dog'])
        likely = model.predict_by_bytes(content, output_config={'min_value': 0.5}).outputs[0].data.concepts
        self.assertTrue(all(concept.value >= 0.5 for concept in likely))

    def test_methods_by_their_signature(self):
        pictures = public_model('general-image-recognition')
        self.assertIn('image', pictures.method_signature('predict'))
        self.assertIn('person', [concept.name for concept in pictures.predict(image=Image(bytes=photo().read_bytes()))])
        texts = public_model('sentiment-english-vader')
        self.assertEqual(texts.predict(text='What a wonderful day!')[0].name, 'positive')

    def test_streams(self):
        model = public_model('general-image-recognition')
        content = photo().read_bytes()
        self.assertEqual(len(list(model.generate_by_bytes(content, 'image'))), 1)
        self.assertEqual(len(list(model.stream_by_bytes(iter([content, content]), 'image'))), 2)
        [answer] = model.stream_by_url(iter([f'{MEDIA}/dog.jpg']), 'image')
        self.assertIn('person', names(answer))

    def test_async(self):
        model = public_model('general-image-recognition')
        picture = Inputs.get_input_from_bytes('', image_bytes=photo().read_bytes())

        async def predict_and_generate():
            answer = await model.async_predict([picture])
            return answer, [one async for one in await model.async_generate([picture])]

        answer, generated = asyncio.run(predict_and_generate())
        self.assertEqual([names(one) for one in generated], [names(answer)])

    def test_versions_by_their_old_ids(self):
        model = public_model('general-image-recognition')
        self.assertEqual(len(list(model.list_versions())), 2)
        old = Model(
            model_id='aaa03c23b3724a16a56b629203edc62c',
            model_version={'id': 'aa7f35c01e0642fda5cf400f543e7c40'},
            user_id='clarifai',
            app_id='main',
            **AUTH,
        )
        answer = old.predict_by_bytes(photo().read_bytes(), 'image')
        self.assertEqual(answer.outputs[0].model.model_version.id, 'aa7f35c01e0642fda5cf400f543e7c40')

    def test_what_goes_wrong_is_told(self):
        with self.assertRaisesRegex(Exception, 'MODEL_DOES_NOT_EXIST[^~]*Model does not exist'):
            Model(model_id='nothing', user_id=USER, app_id=self.app_id, **AUTH)
        with self.assertRaisesRegex(Exception, '404 Client Error: Not Found for url'):
            public_model('general-image-recognition').predict_by_url(f'{MEDIA}/none.jpg', 'image')

    def test_public_models_are_listed_by_name(self):
        main = App(app_id='main', user_id='clarifai', **AUTH)
        found = [model.id for model in main.list_models(filter_by={'name': 'general-image-*'})]
        self.assertIn('general-image-recognition', found)
        self.assertEqual([model_id for model_id in found if not model_id.startswith('general-image-')], [])


class Training(AppCase):
    workflow = 'General'

    def test_label_train_predict_evaluate_export(self):
        dataset = self.app.create_dataset('both')
        for name, folder in (('dog', DOGS), ('platform', PLATFORMS)):
            pictures = [
                Inputs.get_input_from_file(f'{name}-{at}', image_file=str(photo(folder, at)), dataset_id='both', labels=[name])
                for at in range(6)
            ]
            self.app.inputs().upload_inputs(pictures)
        self.processed(*[f'{name}-{at}' for name in ('dog', 'platform') for at in range(6)])

        model = self.app.create_model('which', model_type_id='embedding-classifier')
        params = self.folder / 'params.yaml'
        model.get_params(save_to=str(params))
        model.update_params(dataset_id='both', concepts=['dog', 'platform'])
        self.assertEqual(model.get_param_info('enrich_dataset')['param'], 'enrich_dataset')
        version = model.train()
        trained = Model(model_id='which', model_version={'id': version}, user_id=USER, app_id=self.app_id, **AUTH)
        status = until(lambda: trained.training_status(version), lambda one: one.code not in (21101, 21103))
        self.assertEqual(status.code, 21100, status)
        with contextlib.chdir(self.folder):
            trained.training_status(version, training_logs=True)
        self.assertIn('12 examples of 12 inputs, 576 numbers each', (self.folder / f'{version}.log').read_text())
        self.assertEqual(names(trained.predict_by_filepath(str(photo(PLATFORMS, 7)), 'image'))[0], 'platform')

        trained.evaluate(dataset=self.app.dataset('both'), eval_id='first')
        until(lambda: trained.list_evaluations()[0].status.code, lambda code: code == 21300)
        figures = trained.get_latest_eval(label_counts=True, test_set=True, confusion_matrix=True)
        self.assertGreater(figures.summary.macro_avg_roc_auc, 0.9)
        self.assertEqual((len(figures.test_set), len(figures.confusion_matrix.concept_ids)), (12, 2))
        self.assertEqual([one.id for one in trained.get_eval_by_dataset(self.app.dataset('both'))], ['first'])

        trained.export(str(self.folder / 'export'))
        self.assertGreater((self.folder / 'export' / 'model.tar').stat().st_size, 10_000)
        trained.delete_version(version)
        self.assertEqual(list(model.list_versions()), [])

    def test_templates_and_their_parameters(self):
        model = self.app.create_model('deep', model_type_id='visual-classifier')
        [template] = [one for one in model.list_training_templates() if one == 'MMClassification_ResNet_50_RSB_A1']
        params = model.get_params(template=template, save_to=str(self.folder / 'deep.yaml'))
        self.assertEqual(params['train_params']['template'], template)
        self.assertEqual(model.get_param_info('num_epochs')['param'], 'num_epochs')
        groups = self.app.create_model('groups', model_type_id='clusterer')
        self.assertIn('train_params', groups.get_params(save_to=str(self.folder / 'groups.yaml')))


class Workflows(AppCase):
    workflow = 'General'

    def file(self, name: str, nodes: list) -> str:
        path = self.folder / f'{name}.yml'
        path.write_text(yaml.safe_dump({'workflow': {'id': name, 'nodes': nodes}}))
        return str(path)

    def faces(self) -> str:
        public = {'user_id': 'clarifai', 'app_id': 'main'}
        detector = {'model_id': 'face-detection', 'model_version_id': FACES, **public}
        cropper = {'model_id': 'margin-110-image-crop', 'model_version_id': CROPS, **public}
        return self.file(
            'faces',
            [
                {'id': 'detector', 'model': detector},
                {'id': 'cropper', 'model': cropper, 'node_inputs': [{'node_id': 'detector'}]},
            ],
        )

    def test_made_run_exported_patched_and_made_again(self):
        made = self.app.create_workflow(self.faces())
        self.assertEqual([one.id for one in self.app.list_workflows()][0], 'faces')
        self.assertEqual(len(list(made.list_versions())), 1)
        for answer in (
            made.predict_by_filepath(str(photo()), 'image'),
            made.predict_by_url(f'{MEDIA}/dog.jpg', 'image'),
        ):
            detected, cropped = answer.results[0].outputs
            self.assertEqual(len(detected.data.regions), len(cropped.data.regions))
        target = self.folder / 'again.yml'
        made.export(str(target))
        self.assertEqual(yaml.safe_load(target.read_text()), yaml.safe_load((self.folder / 'faces.yml').read_text()))
        self.app.patch_workflow('faces', action='overwrite', config_filepath=str(target), description='finds faces')
        self.assertEqual(self.app.workflow('faces').description, 'finds faces')
        self.app.delete_workflow('faces')
        self.assertEqual(self.app.create_workflow(str(target), generate_new_id=True).id.count('-'), 4)

    def test_models_that_a_file_describes_are_made(self):
        faces = {'model_id': 'face-detection', 'user_id': 'clarifai', 'app_id': 'main'}
        wide = {
            'model_id': 'wide-crop',
            'model_type_id': 'image-crop',
            'description': 'twice as wide and high as what was found',
            'output_info': {'params': {'margin': 2}},
        }
        nodes = [
            {'id': 'faces', 'model': faces},
            {'id': 'wide', 'model': wide, 'node_inputs': [{'node_id': 'faces'}]},
        ]
        made = self.app.create_workflow(self.file('wide-faces', nodes))
        [crop] = self.app.list_models()
        self.assertEqual((crop.id, crop.model_version.output_info.params['margin']), ('wide-crop', 2))
        answer = made.predict([Inputs.get_input_from_file('', image_file=str(photo()))])
        found, cropped = answer.results[0].outputs
        self.assertEqual(len(found.data.regions), len(cropped.data.regions))

    def test_a_workflow_that_is_not_there(self):
        with self.assertRaisesRegex(Exception, 'WORKFLOW_DOES_NOT_EXIST'):
            Workflow(workflow_id='nothing', user_id=USER, app_id=self.app_id, **AUTH).predict_by_bytes(b'x', 'image')

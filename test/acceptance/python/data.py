"""Apps, concepts, inputs, annotations and search by the Python SDK."""

from clarifai.client.input import Inputs
from clarifai.client.search import Search
from clarifai.errors import UserError
from clarifai_grpc.grpc.api import service_pb2
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

from kit import AUTH, DOGS, MEDIA, PLATFORMS, USER, AppCase, User, photo, until


def struct(**fields) -> Struct:
    made = Struct()
    made.update(fields)
    return made


class Apps(AppCase):
    def test_an_app_is_made_once(self):
        with self.assertRaisesRegex(Exception, 'already exists'):
            self.user.create_app(app_id=self.app_id)

    def test_apps_are_listed_filtered_and_paged(self):
        self.assertIn(self.app_id, [app.id for app in self.user.list_apps()])
        self.assertEqual([app.id for app in self.user.list_apps(filter_by={'id': self.app_id})], [self.app_id])
        self.assertEqual(len(list(self.user.list_apps(page_no=1, per_page=1))), 1)
        self.assertEqual(list(self.user.list_apps(page_no=1000, per_page=1)), [])

    def test_an_app_is_patched(self):
        self.user.patch_app(
            app_id=self.app_id,
            action='overwrite',
            base_workflow='General',
            description='about dogs',
            notes='of this test',
            visibility=10,
            is_template=False,
            image_url=f'{MEDIA}/photo.jpg',
        )
        response = self.user.STUB.GetApp(service_pb2.GetAppRequest(user_app_id=self.app.user_app_id))
        self.assertEqual((response.app.description, response.app.notes), ('about dogs', 'of this test'))
        self.assertEqual(response.app.default_workflow.id, 'General')

    def test_the_caller_is_known(self):
        self.assertEqual(User(**AUTH).get_user_info('me').user.id, USER)
        self.assertEqual(self.user.list_organizations(), [])

    def test_a_wrong_key_is_told(self):
        with self.assertRaisesRegex(Exception, 'API key not found'):
            list(User(user_id=USER, pat='f' * 32, base_url=AUTH['base_url']).list_apps())

    def test_concepts_and_their_relations(self):
        self.app.create_concepts(['animal', 'dog', 'hound'], ['Animal', 'Dog', 'Hound'])
        self.assertEqual([(one.id, one.name) for one in self.app.list_concepts(page_no=1, per_page=2)][0][0], 'animal')
        self.app.create_concept_relations('animal', ['dog', 'hound'], ['hyponym', 'hyponym'])
        found = list(self.app.search_concept_relations(concept_id='animal', show_tree=True))
        self.assertEqual(len(list(self.app.search_concept_relations(concept_id='animal'))), 2, found)
        self.app.delete_concept_relations('animal')
        self.assertEqual(list(self.app.search_concept_relations()), [])
        with self.assertRaisesRegex(Exception, 'duplicate'):
            self.app.create_concepts(['dog'])

    def test_public_models_of_everybody(self):
        models = self.user.list_models(user_id='clarifai', app_id='main', show=False, return_clarifai_model=False)
        general = next(model for model in models if model['id'] == 'general-image-recognition')
        self.assertEqual((general['model_type'], general['UNARY_UNARY']), ('visual-classifier', ['predict']))


class InputsAndAnnotations(AppCase):
    workflow = 'General'

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.inputs = cls.app.inputs()

    def test_from_url_with_all_that_may_be_said(self):
        said = {'labels': ['dog'], 'geo_info': [2.25, 48.5], 'metadata': struct(shot={'iso': 100})}
        self.inputs.upload_from_url('by-url', image_url=f'{MEDIA}/photo.jpg', **said)
        [found] = self.processed('by-url')
        self.assertEqual(found.status.code, 30000)
        self.assertEqual([(one.id, one.value) for one in found.data.concepts], [('dog', 1)])
        self.assertEqual((found.data.geo.geo_point.longitude, found.data.geo.geo_point.latitude), (2.25, 48.5))
        self.assertEqual(MessageToDict(found.data.metadata), {'shot': {'iso': 100}})
        _, response = self.inputs.upload_from_url('again', image_url=f'{MEDIA}/photo.jpg')
        self.assertEqual(response.inputs[0].status.code, 30100)

    def test_from_bytes_and_back(self):
        content = photo(DOGS, 1).read_bytes()
        _, response = self.inputs.upload_from_bytes('by-bytes', image_bytes=content, labels=['A Beagle'], label_ids=['beagle'])
        self.assertEqual(response.status.code, 10000)
        [found] = self.processed('by-bytes')
        self.assertEqual([(one.id, one.name) for one in found.data.concepts], [('beagle', 'A Beagle')])
        self.assertEqual(found.data.image.base64, b'')
        self.assertEqual(self.inputs.download_inputs([found]), [content])
        _, response = self.inputs.upload_from_bytes('by-bytes', image_bytes=content)
        self.assertEqual(response.inputs[0].status.details, 'Input has a duplicate ID.')

    def test_files_texts_and_pages_of_them(self):
        self.inputs.upload_from_file('by-file', image_file=str(photo(DOGS, 2)))
        self.inputs.upload_text('words', 'A dog runs over the field.')
        both = Inputs.get_multimodal_input('both', raw_text='Who is it?', image_bytes=photo(DOGS, 3).read_bytes())
        self.inputs.upload_inputs([both])
        file, words, both = self.processed('by-file', 'words', 'both')
        self.assertEqual([one.status.code for one in (file, words, both)], [30000] * 3)
        self.assertEqual(self.inputs.download_inputs([both])[1:], [b'Who is it?'])
        self.assertEqual([one.id for one in self.inputs.list_inputs(input_type='text')], ['both', 'words'])
        self.assertEqual(len(list(self.inputs.list_inputs(page_no=1, per_page=2))), 2)
        self.assertEqual(self.inputs.download_inputs([words]), [b'A dog runs over the field.'])

    def test_merging_and_deleting(self):
        self.inputs.upload_inputs(
            [
                Inputs.get_text_input('keep', 'one', labels=['first'], metadata=struct(a=1)),
                Inputs.get_text_input('drop', 'two'),
            ]
        )
        self.processed('keep', 'drop')
        self.inputs.patch_inputs([Inputs._get_proto('keep', labels=['second'], metadata=struct(b=2))])
        kept = self.inputs.get_input('keep')
        self.assertEqual([one.id for one in kept.data.concepts], ['first', 'second'])
        self.assertEqual(MessageToDict(kept.data.metadata), {'a': 1, 'b': 2})
        self.inputs.patch_concepts(['second'], ['Second'])
        self.assertIn(('second', 'Second'), [(one.id, one.name) for one in self.app.list_concepts()])
        self.inputs.delete_inputs([self.inputs.get_input('drop')])
        until(lambda: self.inputs.get_input('drop'), lambda found: found.id == '')

    def test_annotations(self):
        self.inputs.upload_from_file('boxed', image_file=str(photo(DOGS, 4)))
        made = [
            Inputs.get_bbox_proto('boxed', 'dog', [0.125, 0.25, 0.5, 0.75], annot_id='box'),
            Inputs.get_mask_proto('boxed', 'dog', [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]),
        ]
        self.assertEqual(self.inputs.upload_annotations(made), [])
        [boxed] = self.processed('boxed')
        found = {one.id: one for one in self.inputs.list_annotations([boxed])}
        self.assertEqual(len(found), 3)
        box = found['box'].data.regions[0].region_info.bounding_box
        self.assertEqual((box.left_col, box.top_row, box.right_col, box.bottom_row), (0.125, 0.25, 0.5, 0.75))
        moved = Inputs.get_bbox_proto('boxed', 'hound', [0.25, 0.25, 0.5, 0.75], annot_id='box')
        self.inputs.patch_annotations([moved], action='overwrite')
        [region] = next(one for one in self.inputs.list_annotations([boxed]) if one.id == 'box').data.regions
        self.assertEqual(([one.id for one in region.data.concepts], region.region_info.bounding_box.left_col), (['hound'], 0.25))
        self.inputs.delete_annotations(['boxed'], ['box'])
        self.inputs.delete_annotations(['boxed'])
        # What says which input it is stays with the input.
        self.assertEqual([one.data.regions for one in self.inputs.list_annotations([boxed])], [[]])


class Searches(AppCase):
    workflow = 'General'

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.app.create_dataset('herd')
        inputs = cls.app.inputs()
        for name, folder in (('dog', DOGS), ('platform', PLATFORMS)):
            inputs.upload_inputs(
                [
                    Inputs.get_input_from_file(
                        f'{name}-{at}',
                        image_file=str(photo(folder, at)),
                        dataset_id='herd' if name == 'dog' else None,
                        labels=[name],
                        metadata=struct(at=at),
                        geo_info=[10.0 + at, 50.0] if name == 'dog' else [-70.0, -30.0],
                    )
                    for at in range(3)
                ]
            )
        inputs.upload_text('words', 'Three dogs and a platform.')
        cls.processed(*[f'{name}-{at}' for name in ('dog', 'platform') for at in range(3)], 'words')

    def hits(self, search: Search, **query) -> list:
        return [hit for response in search.query(**query) for hit in response.hits]

    def ids(self, filters, **options) -> list:
        return sorted(hit.input.id for hit in self.hits(self.app.search(**options), filters=filters))

    def test_likeness_by_both_metrics(self):
        for options in ({'metric': 'euclidean'}, {'metric': 'cosine', 'algorithm': 'brute_force'}):
            with self.subTest(options):
                for rank in ({'image_bytes': photo().read_bytes()}, {'image_url': f'{MEDIA}/dog.jpg'}):
                    hits = self.hits(self.app.search(top_k=3, **options), ranks=[rank])
                    self.assertEqual([hit.input.id for hit in hits][0], 'dog-0')
                    self.assertEqual(len(hits), 3)
                    self.assertGreater(hits[0].score, 0.99)

    def test_filters(self):
        every = [f'{name}-{at}' for name in ('dog', 'platform') for at in range(3)]
        self.assertEqual(self.ids([{'input_types': ['text']}]), ['words'])
        self.assertEqual(self.ids([{'input_types': ['text', 'image'], 'input_status_code': 30000}]), sorted([*every, 'words']))
        self.assertEqual(self.ids([{'input_types': ['audio', 'video']}]), [])
        self.assertEqual(self.ids([{'input_dataset_ids': ['herd']}]), every[:3])
        self.assertEqual(self.ids([{'input_dataset_ids': ['unknown']}]), [])
        self.assertEqual(self.ids([{'concepts': [{'id': 'platform', 'value': 1}]}]), every[3:])
        self.assertEqual(self.ids([{'concepts': [{'name': 'dog', 'value': 1}]}, {'metadata': {'at': 1}}]), ['dog-1'])
        self.assertEqual(self.ids([{'geo_point': {'longitude': 10.0, 'latitude': 50.0, 'geo_limit': 100}}]), every[:2])

    def test_pages_and_wrong_settings(self):
        search = self.app.search(pagination=True)
        pages = [[hit.input.id for hit in self.hits(search, page_no=page, per_page=5)] for page in (1, 2, 3)]
        self.assertEqual([len(page) for page in pages], [5, 2, 0])
        self.assertEqual(len({input_id for page in pages for input_id in page}), 7)
        with self.assertRaises(UserError):
            self.app.search(metric='cosine', algorithm='nearest_neighbor')

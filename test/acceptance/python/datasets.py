"""Datasets by the Python SDK: csv files, folders, loaders, versions, exports."""

import json
import shutil
import zipfile

from clarifai.datasets.upload.base import ClarifaiDataLoader
from clarifai.datasets.upload.features import TextFeatures, VisualClassificationFeatures, VisualDetectionFeatures

from kit import DOGS, MEDIA, AppCase, photo, until


class Loader(ClarifaiDataLoader):
    """A loader of items that are there already."""

    def __init__(self, task: str, items: list):
        self._task = task
        self._items = items

    @property
    def task(self):
        return self._task

    def load_data(self):
        pass

    def __getitem__(self, index: int):
        return self._items[index]

    def __len__(self):
        return len(self._items)


class Datasets(AppCase):
    workflow = 'General'

    def ids(self, dataset) -> list:
        return sorted(one.id for one in dataset.list_inputs())

    def test_datasets_are_made_patched_listed_and_deleted(self):
        self.app.create_dataset('first', description='one')
        self.app.patch_dataset('first', description='two', notes='more')
        self.assertEqual(self.app.dataset('first').description, 'two')
        self.assertIn('first', [dataset.id for dataset in self.app.list_datasets()])
        self.app.delete_dataset('first')
        self.assertNotIn('first', [dataset.id for dataset in self.app.list_datasets()])

    def test_csv_files(self):
        texts = self.folder / 'texts.csv'
        texts.write_text(
            'inputid,input,concepts,metadata,geopoints\n'
            '''"csv-1","a, b and c","good,short","{'from': 'me'}","2.5,41"\n'''
            '"csv-2","nothing said","","",""\n'
        )
        links = self.folder / 'links.csv'
        links.write_text(f'inputid,input,concepts\n"csv-3","{MEDIA}/dog.jpg","dog"\n')
        dataset = self.app.create_dataset('csv')
        dataset.upload_from_csv(str(texts), input_type='text', csv_type='raw')
        dataset.upload_from_csv(str(links), input_type='image', csv_type='url')
        self.assertEqual(self.ids(dataset), ['csv-1', 'csv-2', 'csv-3'])
        one = self.app.inputs().get_input('csv-1')
        self.assertEqual([concept.id for concept in one.data.concepts], ['good', 'short'])
        self.assertEqual(self.app.inputs().download_inputs([one]), [b'a, b and c'])
        self.assertEqual(one.data.geo.geo_point.latitude, 41)

    def test_folders(self):
        folder = self.folder / 'hounds'
        folder.mkdir()
        for at in range(2):
            shutil.copy(photo(DOGS, at), folder / f'hound-{at}.jpg')
        (folder / 'note.txt').write_text('Two hounds.')
        dataset = self.app.create_dataset('folders')
        dataset.upload_from_folder(str(folder), 'image', labels=True)
        dataset.upload_from_folder(str(folder), 'text', labels=True)
        self.assertEqual(self.ids(dataset), ['hound-0', 'hound-1', 'note'])
        [labelled] = [concept.id for concept in self.app.inputs().get_input('note').data.concepts]
        self.assertEqual(labelled, 'hounds')

    def test_a_loader_of_boxes_and_what_became_of_it(self):
        items = [
            VisualDetectionFeatures(
                str(photo(DOGS, at)), ['dog', 'man'], [[0.1, 0.1, 0.5, 0.5], [0.2, 0.2, 0.6, 0.6]], id=f'{at}'
            )
            for at in range(3)
        ]
        dataset = self.app.create_dataset('boxes')
        dataset.upload_dataset(Loader('visual_detection', items))
        self.assertEqual(self.ids(dataset), ['boxes-0', 'boxes-1', 'boxes-2'])
        inputs, labels = dataset.get_upload_status(pre_upload=True)
        self.assertEqual((inputs['total'], inputs['image'], labels['bboxes']), ('3', '3', 6))
        # The same again changes nothing, and the ids that are taken are told.
        dataset.upload_dataset(Loader('visual_detection', items))
        self.assertEqual(self.ids(dataset), ['boxes-0', 'boxes-1', 'boxes-2'])

    def test_a_version_is_exported_and_merged(self):
        items = [TextFeatures(f'text number {at}', ['counted'], id=f'{at}') for at in range(3)]
        dataset = self.app.create_dataset('counted')
        dataset.upload_dataset(Loader('text_classification', items))
        [name] = [version.version.id for version in [dataset.create_version(description='all')]]
        self.assertEqual([version.version.id for version in dataset.list_versions()], [name])
        version = self.app.dataset('counted', dataset_version_id=name)
        target = self.folder / 'export.zip'
        until(lambda: self._is_exported(version, target), bool)
        with zipfile.ZipFile(target) as archive:
            names = sorted(archive.namelist())
            self.assertEqual(names[3:], [f'all/inputs/counted-{at}.txt' for at in range(3)])
            self.assertEqual(archive.read(names[4]), b'text number 1')
            self.assertEqual([one.get('id') for one in json.loads(archive.read(names[1]))], ['counted'])
        other = self.app.create_dataset('merged')
        other.merge_dataset('counted')
        until(lambda: self.ids(other), lambda found: found == [f'counted-{at}' for at in range(3)])
        dataset.delete_version(name)
        self.assertEqual(list(dataset.list_versions()), [])

    def _is_exported(self, version, target) -> bool:
        try:
            version.export(str(target))
        except Exception as error:  # The SDK has one kind of exception for all.
            if 'not ready' in str(error):
                return False
            raise
        return True

    def test_classes_with_places_and_metadata(self):
        items = [
            VisualClassificationFeatures(str(photo(DOGS, at)), ['dog'], id=f'{at}', metadata={'at': at}, geo_info=[1.0, 2.0])
            for at in range(2)
        ]
        dataset = self.app.create_dataset('classes')
        dataset.upload_dataset(Loader('visual_classification', items), batch_size=1)
        one = self.app.inputs().get_input('classes-1')
        self.assertEqual((one.data.metadata['at'], one.data.geo.geo_point.longitude), (1, 1.0))

import { type Choice, paramsAt, TRAINING } from './field.ts'

const { boolean, choice, code, number, numbers, range, string } = paramsAt(TRAINING)
const internal = { internalOnly: true }

const exclusive = boolean('concepts_mutually_exclusive', false, { description: 'An input has exactly one concept.' })
const seed = number('seed', -1, internal)
const gpus = range('num_gpus', 1, 0, 1, 1, internal)
const flips = [
  range('flip_probability', 0.5, 0, 1, 0.01),
  choice('flip_direction', 'horizontal', ['horizontal', 'vertical']),
]
const imageNet = choice('pretrained_weights', 'ImageNet-1k', ['None', 'ImageNet-1k'])
const batch = (value: number, max = 256) => range('batch_size', value, 1, max, 1)
const epochs = (value: number, max = 600) => range('num_epochs', value, 1, max, 1)
const logreg = range('logreg', 1, 0, 1, 1, { description: '1: every concept by itself; 0: exactly one applies.' })

const inception = [
  logreg,
  range('image_size', 256, 32, 1024, 16),
  batch(64, 128),
  range('init_epochs', 25, 1, 200, 1),
  range('step_epochs', 7, 1, 200, 1),
  epochs(65, 200),
  number('per_item_lrate', 7.8125e-5),
  number('num_items_per_epoch', 0),
]
const transfer = [
  logreg,
  range('image_size', 256, 32, 1024, 16),
  batch(128, 128),
  number('lrate', 0.1),
  number('base_gradient_multiplier', 0.001),
  epochs(20, 200),
  number('num_items_per_epoch', 0),
  boolean('average_horizontal_flips', true),
]
const advanced = [
  seed,
  code('custom_config', '', { description: 'Training configuration as mmcv reads it.' }),
  exclusive,
  gpus,
  numbers('image_size', [320]),
]

/** Training templates of visual-classifier with the parameters and defaults that clients know. */
export const classifierTemplates: readonly Choice[] = [
  {
    id: 'MMClassification_ResNet_50_RSB_A1',
    recommended: true,
    fields: [
      seed,
      gpus,
      number('image_size', 224),
      batch(64),
      epochs(60),
      number('per_item_lrate', 1.953125e-5),
      range('weight_decay', 0.01, 0, 1, 0.0001),
      number('per_item_min_lrate', 1.5625e-8),
      number('warmup_iters', 100),
      number('warmup_ratio', 0.0001),
      imageNet,
      ...flips,
      exclusive,
    ],
  },
  { id: 'MMClassification', fields: advanced },
  { id: 'MMClassification_AdvancedConfig', fields: advanced },
  {
    id: 'MMClassification_EfficientNet',
    internalOnly: true,
    fields: [
      seed,
      gpus,
      number('image_size', 336),
      batch(4),
      epochs(30, 200),
      number('per_item_lrate', 0.000390625),
      range('weight_decay', 0.0001, 0, 1, 0.0001),
      range('momentum', 0.9, 0, 1, 0.01),
      imageNet,
      ...flips,
      exclusive,
    ],
  },
  {
    id: 'MMClassification_ResNet_50',
    internalOnly: true,
    fields: [
      seed,
      gpus,
      number('image_size', 224),
      batch(64),
      epochs(60),
      number('per_item_lrate', 0.000390625),
      numbers('learning_rate_steps', [30, 40, 50]),
      range('weight_decay', 0.0001, 0, 1, 0.0001),
      range('momentum', 0.9, 0, 1, 0.01),
      imageNet,
      ...flips,
      exclusive,
    ],
  },
  { id: 'Clarifai_InceptionBatchNorm', fields: inception },
  { id: 'Clarifai_InceptionTransferEmbedNorm', fields: transfer },
  { id: 'Clarifai_InceptionV2', fields: inception },
  { id: 'Clarifai_ResNext', fields: inception },
  {
    id: 'classification_basemodel_v1',
    internalOnly: true,
    fields: [
      string('model_cfg', 'resnext'),
      string('preinit', 'general-v1.5'),
      ...inception,
      string('inference_crop_type', 'sorta2'),
    ],
  },
  {
    id: 'classification_cifar10_v1',
    internalOnly: true,
    fields: [
      range('image_size', 32, 32, 1024, 16),
      batch(128, 128),
      epochs(65, 200),
      string('inference_crop_type', 'sorta2'),
    ],
  },
  {
    id: 'classification_inception_general_v1_3_transfer_embednorm',
    internalOnly: true,
    fields: [...transfer, gpus, string('embeddings_layer', 'mod5B.concat')],
  },
]

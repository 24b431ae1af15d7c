import { type Choice, paramsAt, TRAINING } from './field.ts'

const { boolean, choice, code, json, number, numbers, range } = paramsAt(TRAINING)
const internal = { internalOnly: true }
const coco = choice('pretrained_weights', 'coco', ['None', 'coco'])
const detectorBatch = (value: number, max = 32) => range('batch_size', value, 1, max, 1)
const epochs = (value: number) => range('num_epochs', value, 1, 200, 1)
const customConfig = [
  code('custom_config', '', { description: 'Training configuration as mmcv reads it.' }),
  numbers('image_size', [320]),
  number('seed', -1, internal),
  range('num_gpus', 1, 0, 1, 1, internal),
]
const inceptionDetector = [
  choice('image_size', '512', ['320', '512', '800']),
  detectorBatch(8, 16),
  epochs(30),
  boolean('use_perclass_regression', true),
  numbers('anchor_ratios', [0.5, 1, 2]),
  boolean('use_focal_loss', false),
  number('per_item_lrate', 0.0001),
]

/** Training templates of visual-detector. */
export const detectorTemplates: readonly Choice[] = [
  {
    id: 'MMDetection_YoloF',
    recommended: true,
    fields: [
      numbers('image_size', [512]),
      range('max_aspect_ratio', 1.5, 1, 5, 0.1),
      boolean('keep_aspect_ratio', true),
      detectorBatch(8),
      epochs(30),
      number('min_samples_per_epoch', 300),
      number('per_item_lrate', 0.001875),
      coco,
      range('frozen_stages', 1, 1, 4, 1),
    ],
  },
  { id: 'MMDetection_SSD', fields: [detectorBatch(16), epochs(30), number('per_item_lrate', 0.0001), coco] },
  {
    id: 'MMDetection_FasterRCNN',
    fields: [
      numbers('image_size', [800]),
      numbers('random_resize_lower', []),
      numbers('random_resize_upper', []),
      detectorBatch(2),
      epochs(30),
      number('per_item_lrate', 0.0025),
      coco,
    ],
  },
  { id: 'MMDetection', fields: customConfig },
  { id: 'MMDetection_AdvancedConfig', fields: customConfig },
  { id: 'Clarifai_InceptionV4', fields: inceptionDetector },
  { id: 'Clarifai_InceptionV2', fields: inceptionDetector },
  { id: 'detection_msc10', internalOnly: true, fields: inceptionDetector },
]

const embedderSchedule = [
  range('image_size', 256, 32, 1024, 16),
  range('batch_size', 64, 1, 128, 1),
  range('init_epochs', 25, 1, 200, 1),
  range('step_epochs', 7, 1, 200, 1),
  epochs(65),
  number('per_item_lrate', 7.8125e-5),
  number('num_items_per_epoch', 0),
]

/** Training templates of visual-embedder. */
export const embedderTemplates: readonly Choice[] = [
  {
    id: 'Clarifai_ResNet_AngularMargin',
    recommended: true,
    fields: [
      ...embedderSchedule,
      range('angular_scale', 64, 16, 128, 16),
      range('angular_margin', 0.5, 0.1, 0.9, 0.1),
      number('embeddings_size', 512),
    ],
  },
  { id: 'Clarifai_InceptionBatchNorm', fields: embedderSchedule },
  { id: 'Clarifai_ResNext', fields: embedderSchedule },
  { id: 'classification_basemodel_v1_embed', internalOnly: true, fields: embedderSchedule },
]

/** Training templates of visual-segmenter. */
export const segmenterTemplates: readonly Choice[] = [
  {
    id: 'MMSegmentation_SegFormer',
    recommended: true,
    fields: [
      numbers('image_size', [520]),
      range('batch_size', 2, 1, 16, 1),
      epochs(1),
      number('per_item_lrate', 7.5e-6),
      choice('pretrained_weights', 'ade20k', ['None', 'ade20k']),
    ],
  },
  { id: 'MMSegmentation_AdvancedConfig', fields: customConfig },
]

/** Training template of visual-anomaly-heatmap, which learns from normal pictures only. */
export const anomalyTemplates: readonly Choice[] = [
  {
    id: 'Clarifai_PatchCore',
    recommended: true,
    fields: [number('image_size', 224), range('coreset_percent', 10, 1, 100, 1), number('seed', -1, internal)],
  },
]

const textFields = (model: string) => [
  json('model_config', {
    pretrained_model_name: model,
    torch_dtype: 'torch.float32',
    problem_type: 'multi_label_classification',
  }),
  json('peft_config', {
    r: 16,
    peft_type: 'LORA',
    task_type: 'SEQ_CLS',
    lora_dropout: 0.1,
    inference_mode: false,
    lora_alpha: 16,
  }),
  json('tokenizer_config', {}),
  json('trainer_config', { auto_find_batch_size: true, num_train_epochs: 1 }),
]

/** Training templates of text-classifier; text-to-text offers the same families. */
export const textTemplates: readonly Choice[] = [
  { id: 'HF_GPTNeo_125m_lora', recommended: true, fields: textFields('EleutherAI/gpt-neo-125m') },
  { id: 'HF_GPTNeo_2p7b_lora', fields: textFields('EleutherAI/gpt-neo-2.7B') },
  { id: 'HF_Llama_2_7b_chat_GPTQ_lora', fields: textFields('TheBloke/Llama-2-7B-Chat-GPTQ') },
  { id: 'HF_Llama_2_13b_chat_GPTQ_lora', fields: textFields('TheBloke/Llama-2-13B-chat-GPTQ') },
  { id: 'HF_Mistral_7b_instruct_GPTQ_lora', fields: textFields('TheBloke/Mistral-7B-Instruct-v0.1-GPTQ') },
  { id: 'HuggingFace_AdvancedConfig', fields: textFields('') },
]

/** Training parameters of clusterer; the clients refuse a template for it, as for embedding-classifier. */
export const clustererParams = [
  range('coarse_clusters', 32, 1, 1024, 1),
  range('eval_holdout_fraction', 0.2, 0, 0.9, 0.05),
  number('num_items_per_epoch', 0),
]

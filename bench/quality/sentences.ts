/* Sentences of our own with their truth, for models of text; few, but nobody trained on them. */

/** Pairs of sentences and whether they mean the same. */
export const PAIRS: readonly (readonly [string, string, boolean])[] = [
  ['A man is playing a guitar on the street.', 'Someone makes music with a guitar outdoors.', true],
  ['The cat sleeps on the sofa.', 'A kitten is napping on the couch.', true],
  ['How do I reset my password?', 'I forgot my password and need a new one.', true],
  ['The company reported record profits.', 'Earnings of the firm were higher than ever.', true],
  ['It will rain tomorrow afternoon.', 'Showers are expected after noon tomorrow.', true],
  ['She bought a new car last week.', 'A week ago she purchased a vehicle.', true],
  ['The recipe needs two eggs.', 'You need a couple of eggs to cook this.', true],
  ['The flight was cancelled because of snow.', 'Due to snowfall the plane did not take off.', true],
  ['Our team won the final.', 'The championship went to us.', true],
  ['The phone battery lasts two days.', 'You only charge this mobile every other day.', true],
  ['A man is playing a guitar on the street.', 'The board discussed the annual budget.', false],
  ['The cat sleeps on the sofa.', 'Interest rates rose again in March.', false],
  ['How do I reset my password?', 'The museum opens at nine on Sundays.', false],
  ['The company reported record profits.', 'He broke his leg while skiing.', false],
  ['It will rain tomorrow afternoon.', 'Add the onions and stir for five minutes.', false],
  ['She bought a new car last week.', 'Photosynthesis needs light.', false],
  ['The recipe needs two eggs.', 'The train to Vienna leaves from track three.', false],
  ['The flight was cancelled because of snow.', 'This novel is about a family of farmers.', false],
  ['Our team won the final.', 'The server answers with status 404.', false],
  ['The phone battery lasts two days.', 'Bees dance to show where flowers are.', false],
]

/** Texts under the topic that they are about. */
export const TOPICS: Readonly<Record<string, readonly string[]>> = {
  sport: ['The striker scored twice in the last ten minutes.', 'She ran the marathon in under three hours.'],
  politics: ['Parliament votes on the new law on Thursday.', 'The president met the opposition leader.'],
  cooking: ['Fry the garlic in olive oil and add tomatoes.', 'Let the dough rise for an hour before baking.'],
  technology: ['The update makes the phone faster.', 'A bug in the compiler breaks the build.'],
  health: ['Wash your hands to avoid infections.', 'The doctor prescribed rest and plenty of water.'],
  travel: ['We flew to Lisbon and stayed in a small hotel.', 'The island can only be reached by ferry.'],
  music: ['The orchestra played a symphony by Mahler.', 'Her new album mixes jazz and soul.'],
  finance: ['Shares fell after the bank raised interest rates.', 'He put his savings into bonds.'],
  weather: ['A storm with heavy rain will reach the coast tonight.', 'Temperatures drop below zero at night.'],
  education: ['Pupils learn fractions in the fourth grade.', 'The university offers a course in history.'],
  animals: ['The lioness hunts at dusk.', 'Our dog barks at the mail carrier.'],
  cars: ['The engine has two hundred horsepower.', 'He changed the tyres before winter.'],
}

/** Opinions and reports. */
export const OPINIONS: Readonly<Record<'negative' | 'neutral' | 'positive', readonly string[]>> = {
  negative: [
    'The food was cold and the waiter ignored us.',
    'I regret buying this, it broke after a day.',
    'What a waste of two hours, the plot makes no sense.',
    'The room smelled awful and the bed was dirty.',
    'Support never answered my messages.',
    'The worst customer service I have ever had.',
    'It is not good, and far too expensive.',
    'The battery dies within an hour, very disappointing.',
  ],
  neutral: [
    'The shop opens at nine.',
    'The parcel has a weight of two kilograms.',
    'The meeting was moved to Tuesday.',
    'He parked the car next to the station.',
    'The manual has forty pages.',
    'Water boils at one hundred degrees.',
    'The train runs every hour.',
    'She works in an office on the third floor.',
  ],
  positive: [
    'Absolutely delicious, we will come back!',
    'Works perfectly and arrived a day early.',
    'A moving film with wonderful actors.',
    'The staff went out of their way to help us.',
    'Best purchase I have made this year.',
    'The view from our room was breathtaking.',
    'Easy to use and the sound is great.',
    'I could not be happier with it.',
  ],
}

/** Sentences with the names in them. */
export const NAMES: readonly (readonly [string, Readonly<Record<string, 'PER' | 'LOC' | 'ORG'>>])[] = [
  ['Angela Merkel visited Paris in May.', { 'Angela Merkel': 'PER', Paris: 'LOC' }],
  ['Tim Cook leads Apple.', { 'Tim Cook': 'PER', Apple: 'ORG' }],
  ['Microsoft opened an office in Nairobi.', { Microsoft: 'ORG', Nairobi: 'LOC' }],
  ['The river Danube flows through Vienna.', { Danube: 'LOC', Vienna: 'LOC' }],
  ['Marie Curie was born in Warsaw.', { 'Marie Curie': 'PER', Warsaw: 'LOC' }],
  ['Google and Toyota work together.', { Google: 'ORG', Toyota: 'ORG' }],
  ['We met John Smith at the airport of Chicago.', { 'John Smith': 'PER', Chicago: 'LOC' }],
  ['The United Nations has its seat in New York.', { 'United Nations': 'ORG', 'New York': 'LOC' }],
  ['Nelson Mandela spoke in Cape Town.', { 'Nelson Mandela': 'PER', 'Cape Town': 'LOC' }],
  ['Siemens builds trains for India.', { Siemens: 'ORG', India: 'LOC' }],
  ['It rained all day.', {}],
  ['Please water the plants twice a week.', {}],
  ['Barack Obama studied at Harvard University.', { 'Barack Obama': 'PER', 'Harvard University': 'ORG' }],
  ['Ada Lovelace wrote the first program.', { 'Ada Lovelace': 'PER' }],
]

/** Lines of text as they stand on invoices, signs and screens. */
export const LINES: readonly string[] = [
  'Invoice No. 2024-0173',
  'Total amount due: 1,284.50 EUR',
  'Payment within 14 days',
  'Exit to platform 3',
  'No parking at any time',
  'Opening hours 9:30 - 18:00',
  'Emergency exit only',
  'The quick brown fox jumps over the lazy dog',
  'Serial number: X7K-93Q-410',
  'Please keep this door closed',
  'Delivery address: 12 Harbour Street',
  'Thank you for your visit!',
]

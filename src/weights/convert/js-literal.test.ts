import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exportedLiteral } from './js-literal.ts'

/** The shape that browserify gives a module, with the names that its minifier chose. */
function bundled(literal: string): string {
  return `!function(e){if("object"==typeof exports)module.exports=e();else this.model=e()}(function(){return function e(a,n,i){
    function l(_,o){var r=n[_]={exports:{}};a[_][0].call(r.exports,function(e){return l(a[_][1][e]||e)},r,r.exports,e);return n[_].exports}
    return l}({1:[function(e,a,n){a.exports=${literal}},{}]},{},[1])(1)});`
}

describe('literals of JavaScript modules', () => {
  it('reads objects, lists and scalars out of a bundle', () => {
    const value = exportedLiteral(bundled('{a:[1,-.5,1e-3],"b c":{d:!0,e:!1,f:null,0:"x\\n"}}'))
    assert.deepEqual(JSON.parse(JSON.stringify(value)), {
      a: [1, -0.5, 0.001],
      'b c': { d: true, e: false, f: null, 0: 'x\n' },
    })
    assert.equal(exportedLiteral(bundled('"QUJD"')), 'QUJD')
    assert.equal(exportedLiteral('module.exports = 7'), 7)
  })

  it('keeps odd keys plain', () => {
    const value = exportedLiteral('module.exports = { "__proto__": { polluted: true } }') as object
    assert.deepEqual(Object.keys(value), ['__proto__'])
    assert.equal((value as { polluted?: boolean }).polluted, undefined)
  })

  it('never runs anything and rejects what would have to run', () => {
    for (const literal of [
      '{a:process.exit(1)}',
      '{get a(){return 1}}',
      '{[b]:1}',
      '[,1]',
      '{...b}',
      '[/x/]',
      '[1n]',
      '{a:1+1}',
    ]) {
      assert.throws(() => exportedLiteral(bundled(literal)), /literal|plain|computed|hole|Cannot/, literal)
    }
  })

  it('rejects modules without exactly one literal and text that is not JavaScript', () => {
    assert.throws(() => exportedLiteral('module.exports = load()'), /found 0/)
    assert.throws(() => exportedLiteral('a.exports = 1; b.exports = 2'), /found 2/)
    assert.throws(() => exportedLiteral('<html>'), SyntaxError)
  })
})

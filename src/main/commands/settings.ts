import type { Command } from 'commander'
import { type Config, loadConfig } from '../../config/config.ts'
import { SETTINGS, type SettingName } from '../../config/env.ts'

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** Adds the flags of the named settings (all by default) to a command. */
export function withSettings(
  command: Command,
  names: readonly SettingName[] = Object.keys(SETTINGS) as SettingName[],
): Command {
  for (const name of names) {
    const setting: { env: string; help: string; fallback?: string } = SETTINGS[name]
    const shown = setting.fallback === undefined ? setting.env : `${setting.env}, default ${setting.fallback}`
    command.option(`--${kebab(name)} <value>`, `${setting.help} (${shown})`)
  }
  return command
}

/** The configuration from flags, then environment, then defaults. */
export function configFrom(
  options: Readonly<Record<string, unknown>>,
  overrides: Partial<Record<SettingName, string>> = {},
): Config {
  const flags: Partial<Record<SettingName, string>> = {}
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const value = options[name]
    if (typeof value === 'string') flags[name] = value
  }
  return loadConfig(process.env, { ...overrides, ...flags })
}

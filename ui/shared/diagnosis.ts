/** What a kiosk finds of itself: kiosk/health/diagnosis.go. */
import type { Text } from './wire.gen'

export interface Finding { check: string; name: Text; state: 'ok' | 'warn' | 'fail'; found?: string; what?: Text; do?: Text; candidates?: { device: string; name?: string; config: string }[] }
export interface Diagnosis { ready: boolean; at: string; kiosk?: string; findings: Finding[] }

import '../shared/look.css'
import '../shared/desk.css'
import { mount } from 'svelte'
import Bench from './Bench.svelte'

mount(Bench, { target: document.getElementById('app')! })

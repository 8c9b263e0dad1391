import '../shared/look.css'
import '../shared/desk.css'
import { mount } from 'svelte'
import Counter from './Counter.svelte'

mount(Counter, { target: document.getElementById('app')! })

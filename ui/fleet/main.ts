import '../shared/look.css'
import '../shared/desk.css'
import './fleet.css'
import { mount } from 'svelte'
import Fleet from './Fleet.svelte'

mount(Fleet, { target: document.getElementById('app')! })

import '../shared/look.css'
import '../shared/desk.css'
import { mount } from 'svelte'
import Technician from './Technician.svelte'

mount(Technician, { target: document.getElementById('app')! })

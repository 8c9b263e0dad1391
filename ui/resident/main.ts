import '../shared/look.css'
import './resident.css'
import { mount } from 'svelte'
import Resident from './Resident.svelte'

mount(Resident, { target: document.getElementById('app')! })
